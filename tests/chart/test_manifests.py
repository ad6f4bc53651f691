"""The plain YAML is the chart with its defaults, without what only Helm reads."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

import chart
from support.helm import Helm
from support.kubectl import Kubectl

pytestmark = pytest.mark.cluster

_NAMESPACE = "salesforce-token-operator"


@pytest.fixture(scope="module")
def manifests(helm: Helm) -> list[dict[str, Any]]:
    return chart.manifests(helm.program)


@pytest.fixture
def _namespace_of_the_operator(kubectl: Kubectl) -> Iterator[None]:
    # A dry run makes no namespace for what comes after it.
    kubectl("create", "namespace", _NAMESPACE)
    yield
    kubectl("delete", "namespace", _NAMESPACE, "--wait=false")


@pytest.mark.usefixtures("_namespace_of_the_operator")
def test_api_server_takes_the_plain_yaml(manifests: list[dict[str, Any]], kubectl: Kubectl) -> None:
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    flags = ("--dry-run=server", "--server-side", "--force-conflicts", "--validate=strict")
    done = kubectl("apply", *flags, "-f", "-", input=document)

    assert "Warning" not in done.stderr
    assert done.stdout.count("serverside-applied") == len(manifests)


def test_plain_yaml_does_not_speak_of_helm(manifests: list[dict[str, Any]]) -> None:
    assert "helm" not in json.dumps(manifests).lower()
    assert manifests[0]["kind"] == "Namespace"
