"""Every file of examples/, applied to the real API server."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from support.kubectl import Kubectl
from token_operator.cluster.resources import connection_from
from token_operator.domain.spec_problems import spec_problem_of
from token_operator.salesforce.hosts import AllowedHosts

pytestmark = pytest.mark.cluster

_FOLDER: Final = Path(__file__).parents[2] / "examples"
_FILES: Final = sorted(_FOLDER.glob("*.yaml"))
_KIND: Final = "SalesforceConnection"
Resource = dict[str, Any]


def documents(file: Path) -> list[Resource]:
    return list(yaml.safe_load_all(file.read_text()))


def applied(kubectl: Kubectl, namespace: str, file: Path) -> list[Resource]:
    """Return what the API server would make of a file; a field that it does not know is refused."""
    done = kubectl(
        *("apply", "--dry-run=server", "--validate=strict", "-o", "json"),
        *("--namespace", namespace, "-f", str(file)),
    )
    answer = json.loads(done.stdout)
    return list(answer["items"]) if answer["kind"] == "List" else [answer]


def of_kind(resources: list[Resource], kind: str) -> list[Resource]:
    return [resource for resource in resources if resource["kind"] == kind]


with_each_file = pytest.mark.parametrize("file", [pytest.param(f, id=f.stem) for f in _FILES])
with_each_connection = pytest.mark.parametrize(
    "file",
    [pytest.param(f, id=f.stem) for f in _FILES if of_kind(documents(f), _KIND)],
)


def test_there_are_examples() -> None:
    assert len(_FILES) >= 7


@with_each_file
def test_example_is_accepted(kubectl: Kubectl, namespace: str, file: Path) -> None:
    resources = applied(kubectl, namespace, file)

    assert [one["kind"] for one in resources] == [one["kind"] for one in documents(file)]


@with_each_connection
def test_example_gets_the_defaults_of_the_schema(
    kubectl: Kubectl, namespace: str, file: Path
) -> None:
    (resource,) = of_kind(applied(kubectl, namespace, file), _KIND)

    spec = resource["spec"]
    assert spec["suspend"] is False
    assert spec["org"]["loginURL"].startswith("https://")
    assert set(spec["token"]) == {
        *("lifetime", "renewAtPercent", "verifyInterval", "expiredPolicy", "revokeOnDelete")
    }
    assert [key["format"] for key in spec["auth"]["jwtBearer"]["keys"]] == ["Auto"]
    assert {target["creationPolicy"] for target in spec["targets"]} == {"Create"}


@with_each_connection
def test_example_can_be_served_by_this_version(
    kubectl: Kubectl, namespace: str, file: Path
) -> None:
    (resource,) = of_kind(applied(kubectl, namespace, file), _KIND)

    refusal = spec_problem_of(connection_from(resource), AllowedHosts(()).check_login_url)

    assert refusal is None


def test_workload_mounts_the_whole_target(kubectl: Kubectl, namespace: str) -> None:
    (workload,) = applied(kubectl, namespace, _FOLDER / "workload.yaml")

    pod = workload["spec"]["template"]["spec"]
    (volume,) = pod["volumes"]
    mounts = [mount for container in pod["containers"] for mount in container["volumeMounts"]]
    assert volume["secret"]["secretName"] == "crm-token"
    assert "items" not in volume["secret"]
    assert [mount["name"] for mount in mounts] == [volume["name"]]
    assert all("subPath" not in mount for mount in mounts)


@pytest.mark.parametrize(
    "file", [pytest.param(f, id=f.stem) for f in _FILES if f.stem.startswith("client-")]
)
def test_client_mounts_a_whole_target_of_the_presets(
    kubectl: Kubectl, namespace: str, file: Path
) -> None:
    (connection,) = documents(_FOLDER / "presets.yaml")
    (workload,) = applied(kubectl, namespace, file)

    pod = workload["spec"]["template"]["spec"]
    mounted = {one["secret"]["secretName"] for one in pod["volumes"] if "secret" in one}
    assert len(mounted) == 1
    assert mounted <= {target["secretName"] for target in connection["spec"]["targets"]}
    assert all("items" not in one.get("secret", {}) for one in pod["volumes"])
    mounts = [mount for container in pod["containers"] for mount in container["volumeMounts"]]
    assert all("subPath" not in mount for mount in mounts)
