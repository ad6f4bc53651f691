"""The chart renders what a real API server takes, with Helm 4 and with Helm 3."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.helm import CHART, RELEASE, Helm, of_kind, operator_pod
from support.kubectl import Kubectl

pytestmark = pytest.mark.cluster

EXAMPLES = [pytest.param(file, id=file.stem) for file in sorted((CHART / "ci").glob("*.yaml"))]
# What the API server must know of the Prometheus operator's kind to take one.
_SERVICE_MONITOR = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "servicemonitors.monitoring.coreos.com"},
    "spec": {
        "group": "monitoring.coreos.com",
        "scope": "Namespaced",
        "names": {"kind": "ServiceMonitor", "plural": "servicemonitors"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
            }
        ],
    },
}


@pytest.fixture(scope="module", params=[4, 3], ids=["Helm 4", "Helm 3"])
def each_helm(request: pytest.FixtureRequest, make_helm: Callable[[int], Helm]) -> Helm:
    return make_helm(request.param)


@pytest.fixture(scope="module")
def prepared(kubectl: Kubectl) -> Iterator[None]:
    """Let the cluster be as the examples want it: with their namespaces and ServiceMonitors."""
    definition = json.dumps(_SERVICE_MONITOR)
    kubectl("create", "-f", "-", input=definition)
    kubectl("wait", "--for=condition=Established", "crd/servicemonitors.monitoring.coreos.com")
    for name in ("shop", "billing"):
        kubectl("create", "namespace", name)
    yield
    kubectl("delete", "--wait=false", "-f", "-", input=definition)
    kubectl("delete", "namespace", "shop", "billing", "--wait=false")


@pytest.mark.parametrize("values", EXAMPLES)
def test_lint_has_nothing_to_say(each_helm: Helm, values: Path) -> None:
    told = each_helm("lint", "--strict", "--values", values, CHART)

    assert "1 chart(s) linted, 0 chart(s) failed" in told


@pytest.mark.parametrize("values", EXAMPLES)
def test_both_helms_render_the_same(make_helm: Callable[[int], Helm], values: Path) -> None:
    new, old = (make_helm(major).render("there", "--values", values) for major in (4, 3))

    assert new == old


@pytest.mark.parametrize("values", EXAMPLES)
@pytest.mark.usefixtures("prepared")
def test_api_server_takes_every_example(
    helm: Helm, kubectl: Kubectl, namespace: str, values: Path
) -> None:
    # Helm asks the server which versions it has; kubectl lets it judge each resource.
    command = ("template", RELEASE, CHART, "--namespace", namespace, "--values", values)
    rendered = helm(*command, "--dry-run=server", "--take-ownership")
    done = kubectl(
        "apply",
        "--dry-run=server",
        "--server-side",
        "--force-conflicts",
        "--validate=strict",
        "-f",
        "-",
        input=rendered,
    )

    assert "Warning" not in done.stderr
    assert f"deployment.apps/{RELEASE}" in done.stdout


def test_each_helm_installs_into_a_real_cluster(each_helm: Helm, namespace: str) -> None:
    where = ("--namespace", namespace)
    each_helm("install", RELEASE, CHART, *where, "--set=crds.install=false")
    told = each_helm("status", RELEASE, *where)
    each_helm("upgrade", RELEASE, CHART, *where, "--set=crds.install=false,replicas=3")
    each_helm("uninstall", RELEASE, *where)

    assert "STATUS: deployed" in told


@pytest.mark.parametrize("values", EXAMPLES)
def test_pods_are_taken_where_the_restricted_standard_is_enforced(
    helm: Helm, kubectl: Kubectl, namespace: str, values: Path
) -> None:
    resources = helm.render(namespace, "--values", values, "--set=priorityClassName=")
    labels = [
        f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn", "audit")
    ]
    kubectl("label", "namespace", namespace, *labels)
    kubectl("create", "serviceaccount", "--namespace", namespace, "operator-for-pods")
    pods = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "operator"}, **_spec(resources)},
        *of_kind(resources, "Pod"),
    ]

    for pod in pods:
        pod["spec"]["serviceAccountName"] = "operator-for-pods"
        kubectl(
            "create",
            "--dry-run=server",
            "--namespace",
            namespace,
            "-f",
            "-",
            input=json.dumps(pod),
        )


def _spec(resources: list[dict[str, Any]]) -> dict[str, Any]:
    return {"spec": operator_pod(resources)["spec"]}


def test_every_container_runs_without_any_privilege(helm: Helm) -> None:
    resources = helm.render("there")
    specs = [operator_pod(resources)["spec"], *(one["spec"] for one in of_kind(resources, "Pod"))]

    for spec in specs:
        (container,) = spec["containers"]
        assert spec["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]


def test_definition_is_the_one_of_the_checkout_and_is_kept(helm: Helm) -> None:
    (rendered,) = of_kind(helm.render("there"), "CustomResourceDefinition")
    (file,) = (CHART.parents[1] / "crds").glob("*.yaml")
    wanted = yaml.safe_load(file.read_text())

    assert rendered["spec"] == wanted["spec"]
    assert rendered["metadata"]["name"] == wanted["metadata"]["name"]
    assert rendered["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_definition_is_removed_with_the_release_only_if_asked_for(helm: Helm) -> None:
    (rendered,) = of_kind(helm.render("there", "--set=crds.keep=false"), "CustomResourceDefinition")

    assert "annotations" not in rendered["metadata"]


def test_scope_of_namespaces_has_no_role_beyond_them(helm: Helm) -> None:
    resources = helm.render("there", "--values", CHART / "ci" / "namespaces-values.yaml")

    assert not of_kind(resources, "ClusterRole")
    assert not of_kind(resources, "ClusterRoleBinding")
    assert {one["metadata"]["namespace"] for one in of_kind(resources, "Role")} == {
        "shop",
        "billing",
        "there",  # the Lease
    }


def test_notes_say_a_next_step_that_works(helm: Helm, kubectl: Kubectl, namespace: str) -> None:
    told = helm("install", RELEASE, CHART, "--dry-run=client", "--namespace", namespace)
    _, _, notes = told.partition("NOTES:")
    found = re.search(r"<<'END'\n(.*?)\n  END", notes, re.DOTALL)

    assert found is not None
    document = yaml.safe_load(found[1])
    kubectl("create", "--dry-run=server", "-n", namespace, "-f", "-", input=json.dumps(document))
