"""A value does what its description says, and a wrong one is refused."""

from pathlib import Path

import pytest

from support.helm import CHART, RELEASE, Helm, of_kind, operator_flags, operator_pod
from support.key_samples import certificate
from token_operator.cli.operator import main
from token_operator.settings import LogFormat, LogLevel, Settings

pytestmark = pytest.mark.cluster

EVERYTHING = CHART / "ci" / "everything-values.yaml"


def test_workloads_may_be_touched_only_where_their_restart_is_on(helm: Helm) -> None:
    def may_touch(*arguments: str) -> bool:
        roles = of_kind(helm.render("there", *arguments), "ClusterRole")
        return any("apps" in rule["apiGroups"] for role in roles for rule in role["rules"])

    assert not may_touch()
    assert may_touch("--set=restartWorkloads=true")


def test_operator_understands_the_flags_it_is_started_with(helm: Helm, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.crt"
    bundle.write_bytes(certificate())
    resources = helm.render("there", "--values", EVERYTHING)
    flags = [
        f"--ca-file={bundle}" if flag.startswith("--ca-file=/etc/") else flag
        for flag in operator_flags(resources)
    ]
    started: list[Settings] = []

    def start(settings: Settings) -> int:
        started.append(settings)
        return 0

    assert main(["run", *flags], run=start) == 0
    assert started == [
        Settings(
            allowed_hosts=("sso.acme.example", "sso.acme.example:8443"),
            ca_file=bundle,
            leader_election=True,
            lease_name="operator-salesforce-token-operator",
            lease_namespace="there",
            listen_host="0.0.0.0",  # noqa: S104 - in a pod of its own
            listen_port=8080,
            log_format=LogFormat.TEXT,
            log_level=LogLevel.DEBUG,
            restart_workloads=True,
        )
    ]


def test_network_policy_opens_the_ports_of_allowed_hosts(helm: Helm) -> None:
    (policy,) = of_kind(
        helm.render("there", "--set=allowedHosts={sso.example,sso.example:8443}"), "NetworkPolicy"
    )

    ports = [sorted(one["port"] for one in rule["ports"]) for rule in policy["spec"]["egress"]]
    assert ports == [[53, 53], [443, 6443, 8443]]
    assert policy["spec"]["ingress"] == [{"ports": [{"port": "metrics", "protocol": "TCP"}]}]


@pytest.mark.parametrize(
    ("proxy", "port"),
    [
        pytest.param("http://proxy.example:3128", 3128, id="the port that the URL says"),
        pytest.param("https://[fd00::8]:8443/", 8443, id="of an IPv6 address"),
        pytest.param("http://[fd00::80]", 80, id="implied by http"),
        pytest.param("https://proxy.example", 443, id="implied by https"),
    ],
)
def test_network_policy_opens_the_port_of_the_proxy(helm: Helm, proxy: str, port: int) -> None:
    values = ("--set", f"proxy.https={proxy}")
    (policy,) = of_kind(helm.render("there", *values), "NetworkPolicy")

    assert {one["port"] for one in policy["spec"]["egress"][1]["ports"]} == {443, 6443, port}


def test_api_server_is_never_asked_through_the_proxy(helm: Helm) -> None:
    spec = operator_pod(helm.render("there", "--set=proxy.https=http://proxy.example:3128"))["spec"]
    variables = {one["name"]: one["value"] for one in spec["containers"][0]["env"]}

    assert variables["NO_PROXY"].split(",")[0] == "$(KUBERNETES_SERVICE_HOST)"


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        pytest.param("replica=3", "'replica' not allowed", id="a name that does not exist"),
        pytest.param("scope=all", "must be one of", id="an unknown scope"),
        pytest.param("scope=namespaces", "minItems", id="a scope of no namespace"),
        pytest.param("namespaces={shop}", "maxItems", id="namespaces that would be ignored"),
        pytest.param("runAsUser=0", "minimum", id="root"),
        pytest.param("allowedHosts={https://sso.example}", "pattern", id="a URL for a host"),
        pytest.param("proxy.https=http://me:word@proxy:1", "pattern", id="a password in sight"),
        pytest.param("leaderElection.enabled=false", "replicas: more than one", id="two leaders"),
        pytest.param(
            "caBundle.configMapName=a,caBundle.secretName=b", "not both", id="two CA bundles"
        ),
        pytest.param("admissionPolicy.enabled=true", "limits nothing", id="an empty policy"),
        pytest.param(
            "serviceMonitor.enabled=true,service.enabled=false",
            "needs service.enabled",
            id="a ServiceMonitor without a Service",
        ),
    ],
)
def test_wrong_values_are_refused_with_what_is_wrong(helm: Helm, setting: str, told: str) -> None:
    assert told in helm("template", RELEASE, CHART, f"--set={setting}", check=False)
