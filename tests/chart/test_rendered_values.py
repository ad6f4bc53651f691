"""Every value of the chart arrives in what is rendered, at the place that this table names."""

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from support.api_client import Resource
from support.helm import CHART, FULL_NAME, Helm, of_kind, operator_pod
from values_table import values_in

pytestmark = pytest.mark.cluster

_POD = "Deployment spec template spec"
_OPERATOR = f"{_POD} containers operator"
_TEST = "Pod spec"
_ENDPOINT = "ServiceMonitor spec endpoints 0"
_BUNDLE = f"{_POD} volumes ca-bundle"
_NETWORK = "NetworkPolicy spec"
_CA = "/etc/salesforce-token-operator/ca"
_BINDING = "ValidatingAdmissionPolicyBinding spec"
_POLICY = "ValidatingAdmissionPolicy spec validations 0"
_SELECTOR = {
    "app.kubernetes.io/name": "salesforce-token-operator",
    "app.kubernetes.io/instance": "operator",
    "app.kubernetes.io/component": "operator",
}
_DIGEST = f"sha256:{'0123456789abcdef' * 4}"
_RESOURCES = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}
_SPREAD = {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
_PEER = {"namespaceSelector": {"matchLabels": {"team": "monitoring"}}}
# What a row needs beside its own value.
_SHOP: Mapping[str, Any] = {"namespaces": ["shop"]}
_SCOPED: Mapping[str, Any] = {"scope": "namespaces"}
_SOMEBODY: Mapping[str, Any] = {"serviceAccount.name": "somebody"}
_TAG: Mapping[str, Any] = {"image.tag": "9"}
_BUNDLES: Mapping[str, Any] = {"caBundle.secretName": "acme-ca"}
_MONITOR: Mapping[str, Any] = {"serviceMonitor.enabled": True}
_NAMED: Mapping[str, Any] = {"admissionPolicy.targetNames": "x"}
_GUARD: Mapping[str, Any] = {"admissionPolicy.enabled": True}
_ALONE: Mapping[str, Any] = {"replicas": 1}
_SAME = object()
Render = Callable[[Mapping[str, Any]], list[Resource]]


@dataclass(frozen=True, slots=True)
class Row:
    """A value set in place of its default, and what then stands at one place.

    A place is a kind, perhaps with /name, and the way into its first resource: keys, indices, and
    names of list members (of a flag, what is before its =). What is not there counts as None.
    """

    value: str
    given: Any
    place: str
    wanted: Any = _SAME
    also: Mapping[str, Any] = field(default_factory=dict)

    @property
    def seen(self) -> Any:
        """Return what must stand at the place: what was given, unless the row says more."""
        return self.given if self.wanted is _SAME else self.wanted


_ROWS = (
    Row("scope", "namespaces", f"Role/{FULL_NAME} metadata namespace", "shop", _SHOP),
    Row("scope", "namespaces", "ClusterRole", None, _SHOP),
    Row("namespaces", ["shop"], f"{_OPERATOR} args --namespace", "--namespace=shop", _SCOPED),
    Row("allowedHosts", ["sso:1"], f"{_OPERATOR} args --allowed-host", "--allowed-host=sso:1"),
    Row("restartWorkloads", True, f"{_OPERATOR} args --restart-workloads", "--restart-workloads"),
    Row("replicas", 3, "Deployment spec replicas"),
    Row("leaderElection.enabled", False, f"{_OPERATOR} args --leader-election", None, _ALONE),
    Row("leaderElection.enabled", False, "Deployment spec strategy", {"type": "Recreate"}, _ALONE),
    Row("leaderElection.leaseName", "one", f"{_OPERATOR} args --lease-name", "--lease-name=one"),
    Row("leaderElection.leaseName", "one", "Role rules 0 resourceNames", ["one"]),
    Row("image.repository", "acme", f"{_OPERATOR} image", "acme:9", _TAG),
    Row("image.repository", "acme", f"{_TEST} containers ready image", "acme:9", _TAG),
    Row("image.tag", "9", f"{_OPERATOR} image", "salesforce-token-operator:9"),
    Row("image.digest", _DIGEST, f"{_OPERATOR} image", f"salesforce-token-operator@{_DIGEST}"),
    Row("image.pullPolicy", "Never", f"{_OPERATOR} imagePullPolicy"),
    Row("image.pullPolicy", "Never", f"{_TEST} containers ready imagePullPolicy"),
    Row("imagePullSecrets", [{"name": "registry"}], f"{_POD} imagePullSecrets"),
    Row("imagePullSecrets", [{"name": "registry"}], f"{_TEST} imagePullSecrets"),
    Row("nameOverride", "tokens", "Deployment metadata name", "operator-tokens"),
    Row("fullnameOverride", "tokens", "Deployment metadata name"),
    Row("commonLabels", {"team": "a"}, "Deployment spec template metadata labels team", "a"),
    Row("crds.install", False, "CustomResourceDefinition", None),
    Row("crds.keep", False, "CustomResourceDefinition metadata annotations", None),
    Row("rbac.create", False, "ClusterRole", None),
    Row("rbac.create", False, "ClusterRoleBinding", None),
    Row("rbac.create", False, "Role", None),
    Row("rbac.create", False, "RoleBinding", None),
    Row("rbac.aggregateRoles", False, f"ClusterRole/there:{FULL_NAME}-view", None),
    Row("rbac.aggregateRoles", False, f"ClusterRole/there:{FULL_NAME}-edit", None),
    Row("serviceAccount.create", False, "ServiceAccount", None, _SOMEBODY),
    Row("serviceAccount.name", "somebody", "ServiceAccount metadata name"),
    Row("serviceAccount.name", "somebody", f"{_POD} serviceAccountName"),
    Row("serviceAccount.name", "somebody", "ClusterRoleBinding subjects 0 name"),
    Row("serviceAccount.name", "somebody", "RoleBinding subjects 0 name"),
    Row("serviceAccount.annotations", {"owner": "a"}, "ServiceAccount metadata annotations"),
    Row("log.format", "text", f"{_OPERATOR} args --log-format", "--log-format=text"),
    Row("log.level", "debug", f"{_OPERATOR} args --log-level", "--log-level=debug"),
    Row("proxy.https", "http://proxy:3128", f"{_OPERATOR} env HTTPS_PROXY value"),
    Row(
        "proxy.noProxy",
        "inside",
        f"{_OPERATOR} env NO_PROXY value",
        "$(KUBERNETES_SERVICE_HOST),localhost,127.0.0.1,.svc,inside",
        {"proxy.https": "http://proxy:3128"},
    ),
    Row("caBundle.configMapName", "acme-ca", f"{_BUNDLE} configMap name"),
    Row("caBundle.configMapName", "acme-ca", f"{_BUNDLE} configMap items 0 key", "ca.crt"),
    Row("caBundle.secretName", "acme-ca", f"{_BUNDLE} secret secretName"),
    Row("caBundle.secretName", "acme-ca", f"{_BUNDLE} secret items 0 path", "ca.crt"),
    Row("caBundle.key", "bundle.pem", f"{_BUNDLE} secret items 0 key", also=_BUNDLES),
    Row("caBundle.secretName", "acme-ca", f"{_OPERATOR} volumeMounts ca-bundle mountPath", _CA),
    Row("caBundle.secretName", "acme-ca", f"{_OPERATOR} args --ca-file", f"--ca-file={_CA}/ca.crt"),
    Row("service.enabled", False, "Service", None),
    Row("service.port", 9090, "Service spec ports metrics port"),
    Row("service.annotations", {"scrape": "true"}, "Service metadata annotations"),
    Row("serviceMonitor.enabled", True, "ServiceMonitor spec selector matchLabels", _SELECTOR),
    Row("serviceMonitor.enabled", True, f"{_ENDPOINT} honorLabels", True),
    Row("serviceMonitor.enabled", True, f"{_ENDPOINT} port", "metrics"),
    Row("serviceMonitor.labels", {"p": "q"}, "ServiceMonitor metadata labels p", "q", _MONITOR),
    Row("serviceMonitor.interval", "45s", f"{_ENDPOINT} interval", also=_MONITOR),
    Row("serviceMonitor.scrapeTimeout", "9s", f"{_ENDPOINT} scrapeTimeout", also=_MONITOR),
    Row("podDisruptionBudget.enabled", False, "PodDisruptionBudget", None),
    Row("podDisruptionBudget.maxUnavailable", 2, "PodDisruptionBudget spec maxUnavailable"),
    Row("networkPolicy.enabled", False, "NetworkPolicy", None),
    Row("networkPolicy.apiServerPorts", [7443], f"{_NETWORK} egress 1 ports 1 port", 7443),
    Row("networkPolicy.metricsFrom", [_PEER], f"{_NETWORK} ingress 0 from 0", _PEER),
    Row("networkPolicy.extraEgress", [{"to": []}], f"{_NETWORK} egress 2", {"to": []}),
    Row("admissionPolicy.enabled", True, f"{_BINDING} validationActions", ["Deny"], _NAMED),
    Row(
        "admissionPolicy.loginHosts",
        ["Login.example", "*.My.example"],
        f"{_POLICY} expression",
        'variables.host in ["login.example"] '
        '|| [".my.example"].exists(suffix, variables.host.endsWith(suffix))',
        _GUARD,
    ),
    Row(
        "admissionPolicy.targetNames",
        "a|b",
        f"{_POLICY} expression",
        'object.spec.targets.all(target, target.secretName.matches("^(?:a|b)$"))',
        _GUARD,
    ),
    Row("resources", _RESOURCES, f"{_OPERATOR} resources"),
    Row("terminationGracePeriodSeconds", 99, f"{_POD} terminationGracePeriodSeconds"),
    Row("priorityClassName", "system-cluster-critical", f"{_POD} priorityClassName"),
    Row(
        "topologySpreadConstraints",
        [_SPREAD],
        f"{_POD} topologySpreadConstraints",
        [_SPREAD | {"labelSelector": {"matchLabels": _SELECTOR}}],
    ),
    Row(
        "topologySpreadConstraints",
        [_SPREAD | {"labelSelector": {}}],
        f"{_POD} topologySpreadConstraints",
    ),
    Row("nodeSelector", {"kubernetes.io/os": "linux", "pool": "a"}, f"{_POD} nodeSelector"),
    Row("nodeSelector", {"kubernetes.io/os": "linux", "pool": "a"}, f"{_TEST} nodeSelector"),
    Row("tolerations", [{"key": "a", "operator": "Exists"}], f"{_POD} tolerations"),
    Row("tolerations", [{"key": "a", "operator": "Exists"}], f"{_TEST} tolerations"),
    Row("affinity", {"podAntiAffinity": {}}, f"{_POD} affinity"),
    Row("podAnnotations", {"a": "b"}, "Deployment spec template metadata annotations a", "b"),
    Row("podLabels", {"a": "b"}, "Deployment spec template metadata labels a", "b"),
    Row("extraEnv", [{"name": "TZ", "value": "UTC"}], f"{_OPERATOR} env TZ value", "UTC"),
    Row("runAsUser", 1234, f"{_POD} securityContext runAsUser"),
    Row("runAsUser", 1234, f"{_POD} securityContext runAsGroup"),
    Row("runAsUser", 1234, f"{_TEST} securityContext runAsUser"),
)


@pytest.fixture(scope="module")
def render(helm: Helm) -> Render:
    """Render the chart with some values, once for all rows that give the same."""

    @functools.cache
    def rendered(*settings: str) -> list[Resource]:
        return helm.render("there", *settings)

    return lambda values: rendered(
        *(f"--set-json={path}={json.dumps(given)}" for path, given in values.items())
    )


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{row.value}: {row.place}") for row in _ROWS]
)
def test_value_is_rendered_at_its_place(render: Render, row: Row) -> None:
    assert _at(render({}), row.place) != row.seen, "The defaults say so too: the row shows nothing."

    assert _at(render({**row.also, row.value: row.given}), row.place) == row.seen


def test_every_value_has_a_row() -> None:
    values = values_in((CHART / "values.yaml").read_text())

    assert {row.value for row in _ROWS} == {one.path for one in values if one.default is not None}


def test_common_labels_are_those_of_every_resource(render: Render) -> None:
    everything = {**_MONITOR, **_GUARD, **_NAMED}
    resources = render({**everything, "commonLabels": {"team": "platform"}})

    assert [one for one in resources if one["metadata"]["labels"].get("team") != "platform"] == []


def test_pod_of_helm_test_may_read_the_metrics_whoever_else_may(render: Render) -> None:
    resources = render({"networkPolicy.metricsFrom": [_PEER]})
    (policy,), (pod,) = of_kind(resources, "NetworkPolicy"), of_kind(resources, "Pod")

    _, peer = policy["spec"]["ingress"][0]["from"]
    wanted, labels = peer["podSelector"]["matchLabels"], pod["metadata"]["labels"]
    assert wanted.items() <= labels.items()
    # Only this pod: the labels that all resources of the release have would be too many.
    assert not wanted.items() <= operator_pod(resources)["metadata"]["labels"].items()


# --- Places ---


def _at(resources: list[Resource], place: str) -> Any:
    first, *way = place.split()
    kind, _, name = first.partition("/")
    found = of_kind(resources, kind)
    content: Any = next((one for one in found if name in ("", one["metadata"]["name"])), None)
    for step in way:
        content = _inside(content, step)
    return content


def _inside(content: Any, step: str) -> Any:
    match content:
        case dict():
            return content.get(step)
        case list() if step.isdigit():
            return dict(enumerate(content)).get(int(step))
        case list():
            return next((one for one in content if _name(one) == step), None)
        case _:
            return None


def _name(member: Any) -> Any:
    return member["name"] if isinstance(member, dict) else member.partition("=")[0]
