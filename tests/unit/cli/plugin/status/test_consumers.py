"""Which pods read a target, and whom a new token does not reach."""

from typing import Any

import pytest

from support.builders import a_connection
from token_operator.cli.plugin.status.consumers import Way, consumers_of, lines_of, workload_of
from token_operator.domain.connection import Workload

BILLING = Workload(kind="Deployment", name="billing")
VOLUME = {"name": "v", "secret": {"secretName": "crm-token"}}
MOUNT = {"name": "v", "mountPath": "/token"}
PROJECTED = {"sources": [{"configMap": {"name": "c"}}, {"secret": {"name": "crm-token"}}]}


def a_pod(container: dict[str, Any], *volumes: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "billing-1", **metadata},
        "spec": {"containers": [{"name": "app", **container}], "volumes": list(volumes)},
    }


def owned_by(kind: str, name: str) -> dict[str, Any]:
    owner = {"kind": kind, "name": name, "controller": True}
    return {"ownerReferences": [owner], "labels": {"pod-template-hash": "5d9c"}}


@pytest.mark.parametrize(
    ("pod", "way"),
    [
        pytest.param(a_pod({"volumeMounts": [MOUNT]}, VOLUME), Way.VOLUME, id="volume"),
        pytest.param(
            a_pod({"volumeMounts": [MOUNT]}, {"name": "v", "projected": PROJECTED}),
            Way.VOLUME,
            id="projected",
        ),
        pytest.param(
            a_pod({"volumeMounts": [{**MOUNT, "subPath": "access_token"}]}, VOLUME),
            Way.SUB_PATH,
            id="subPath",
        ),
        pytest.param(
            a_pod({"envFrom": [{"secretRef": {"name": "crm-token"}}]}),
            Way.ENVIRONMENT,
            id="envFrom",
        ),
        pytest.param(
            a_pod({"env": [{"valueFrom": {"secretKeyRef": {"name": "crm-token"}}}]}),
            Way.ENVIRONMENT,
            id="env",
        ),
    ],
)
def test_pod_that_reads_a_target_is_found(pod: dict[str, Any], way: Way) -> None:
    (consumer,) = consumers_of(a_connection(), [pod])

    assert (consumer.secret_name, consumer.pod, consumer.way) == ("crm-token", "billing-1", way)
    assert any("does not reach" in line for line in lines_of([consumer])) is (way != Way.VOLUME)
    wanted = {"pod": "billing-1", "secretName": "crm-token", "way": way.value}
    told = {} if way is Way.VOLUME else {"warning": consumer.warning}
    assert consumer.document() == wanted | told


@pytest.mark.parametrize(
    "pod",
    [
        pytest.param(a_pod({}), id="nothing"),
        pytest.param(a_pod({}, VOLUME), id="volume that no container mounts"),
        pytest.param(a_pod({"env": [{"name": "A", "value": "crm-token"}]}), id="plain value"),
        pytest.param(a_pod({"volumeMounts": [MOUNT]}, {"name": "v", "emptyDir": {}}), id="other"),
    ],
)
def test_pod_that_reads_none_is_not_told(pod: dict[str, Any]) -> None:
    assert list(lines_of(consumers_of(a_connection(), [pod]))) == []


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        pytest.param("Pending", True, id="not begun"),
        pytest.param("Running", True, id="running"),
        pytest.param("Unknown", True, id="on a node that is silent"),
        pytest.param("Succeeded", False, id="done"),
        pytest.param("Failed", False, id="failed"),
    ],
)
def test_pod_that_has_ended_reads_nothing_any_more(phase: str, expected: bool) -> None:
    pod = a_pod({"envFrom": [{"secretRef": {"name": "crm-token"}}]})

    found = consumers_of(a_connection(), [{**pod, "status": {"phase": phase}}])

    assert bool(found) is expected


def test_workload_that_is_restarted_needs_no_warning() -> None:
    container = {"envFrom": [{"secretRef": {"name": "crm-token"}}]}
    pod = a_pod(container, **owned_by("ReplicaSet", "billing-5d9c"))

    (consumer,) = consumers_of(a_connection(restart_workloads=(BILLING,)), [pod])

    lines = list(lines_of([consumer]))
    assert lines == ["Read by:", "  pod billing-1: Secret crm-token by env"]
    assert "warning" not in consumer.document()


@pytest.mark.parametrize(
    ("metadata", "workload"),
    [
        pytest.param({}, None, id="pod of nobody"),
        pytest.param(owned_by("ReplicaSet", "billing-5d9c"), BILLING, id="Deployment"),
        pytest.param(
            owned_by("StatefulSet", "db"), Workload(kind="StatefulSet", name="db"), id="StatefulSet"
        ),
    ],
)
def test_pod_tells_its_workload(metadata: dict[str, Any], workload: Workload | None) -> None:
    assert workload_of(a_pod({}, **metadata)) == workload
