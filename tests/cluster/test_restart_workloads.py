"""Workloads that cannot read files again are restarted for another token, and only for that."""

from collections.abc import Iterator
from typing import Any

import pytest

import cluster
from fakeorg import FakeSalesforce, Readymade
from support.api_client import Resource
from support.operator_process import OperatorProcess
from support.stage import GROUP, Stage
from support.waiting import always, eventually
from token_operator.domain.token import fingerprint_of

pytestmark = pytest.mark.cluster

MARK = f"{GROUP}/restarted-for"
# Restarts wait 5 seconds for other connections that serve the workload.
GATHERED = 15


@pytest.fixture(scope="module")
def operator(
    control_plane: cluster.ControlPlane,
    fake: FakeSalesforce,
    orgs: Iterator[Readymade],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[OperatorProcess]:
    """Run an operator that may restart workloads."""
    hosts = [f"--allowed-host=127.0.0.1:{org.port}" for org in fake.orgs]
    log = tmp_path_factory.mktemp("operator") / "stderr.log"
    flags = (f"--ca-file={fake.ca_file}", "--restart-workloads", *hosts)
    with OperatorProcess(log, *flags, kubeconfig=control_plane.kubeconfig) as running:
        yield running


def path(stage: Stage, kind: str = "Deployment", name: str = "") -> str:
    root = f"/apis/apps/v1/namespaces/{stage.namespace}/{kind.lower()}s"
    return f"{root}/{name}" if name else root


def give_workload(stage: Stage, kind: str = "Deployment", **spec: Any) -> Resource:
    labels = {"app": "billing"}
    template = {
        "metadata": {"labels": labels, "annotations": {"example.com/note": "theirs"}},
        "spec": {"containers": [{"name": "app", "image": "example.com/app"}]},
    }
    extra = {"serviceName": "billing"} if kind == "StatefulSet" else {}
    body = {
        "metadata": {"name": "billing"},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **extra, **spec},
    }
    return stage.api.create(path(stage, kind), body)


def workload(stage: Stage, kind: str = "Deployment") -> Resource:
    found = stage.api.get(path(stage, kind, "billing"))
    assert found is not None
    return found


def mark(stage: Stage, kind: str = "Deployment") -> str:
    annotations = workload(stage, kind)["spec"]["template"]["metadata"]["annotations"]
    return str(annotations.get(MARK, ""))


def connect(stage: Stage, name: str = "crm", kind: str = "Deployment") -> None:
    workloads = [{"kind": kind, "name": "billing"}]
    token = {"verifyInterval": "5s"}
    stage.connect(name, changes={"spec.restartWorkloads": workloads, "spec.token": token})
    eventually(lambda: stage.condition("Ready", name) == "True TokenCurrent")


def replace_token(stage: Stage) -> None:
    """Let the session die and wait for another token in the target."""
    before = stage.token()
    stage.ready.org.kill_sessions()
    eventually(lambda: stage.token() not in ("", before), timeout=20)


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_workload_is_restarted_once_for_another_token(stage: Stage, kind: str) -> None:
    before = give_workload(stage, kind)
    connect(stage, kind=kind)
    replace_token(stage)

    eventually(lambda: mark(stage, kind), timeout=GATHERED)

    seen = workload(stage, kind)
    template = seen["spec"]["template"]
    assert template["metadata"]["annotations"].pop(MARK)
    assert seen["spec"] == before["spec"]
    assert seen["metadata"]["generation"] == before["metadata"]["generation"] + 1
    eventually(lambda: stage.reasons().count("WorkloadRestarted") == 1)

    first = mark(stage, kind)
    replace_token(stage)
    eventually(lambda: mark(stage, kind) != first, timeout=GATHERED)
    assert workload(stage, kind)["metadata"]["generation"] == seen["metadata"]["generation"] + 1


def test_nothing_is_restarted_for_the_first_token_or_the_same_one(stage: Stage) -> None:
    before = give_workload(stage)
    connect(stage)
    stage.ask_to_renew("now")
    eventually(lambda: stage.ready.org.successful_logins == 2)

    always(lambda: workload(stage)["spec"] == before["spec"], seconds=7)
    assert workload(stage)["metadata"]["generation"] == before["metadata"]["generation"]


def test_two_connections_restart_their_workload_once(stage: Stage) -> None:
    before = give_workload(stage)
    connect(stage)
    connect(stage, "erp")
    tokens = {stage.token("crm-token"), stage.token("erp-token")}

    stage.ready.org.kill_sessions()
    eventually(
        lambda: not {stage.token("crm-token"), stage.token("erp-token")} & {"", *tokens},
        timeout=20,
    )

    eventually(lambda: mark(stage), timeout=GATHERED)
    generation = before["metadata"]["generation"] + 1
    always(lambda: workload(stage)["metadata"]["generation"] == generation, seconds=7)
    told = stage.reasons("crm") + stage.reasons("erp")
    assert told.count("WorkloadRestarted") == 1


@pytest.mark.parametrize(
    ("kind", "spec", "told"),
    [
        pytest.param("Deployment", {"paused": True}, "is paused", id="paused"),
        pytest.param("Deployment", None, "does not exist", id="missing"),
        pytest.param(
            "DaemonSet", {"updateStrategy": {"type": "OnDelete"}}, "OnDelete", id="keeps its pods"
        ),
    ],
)
def test_workload_that_cannot_be_restarted_is_told_once_and_untouched(
    stage: Stage, kind: str, spec: dict[str, Any] | None, told: str
) -> None:
    before = None if spec is None else give_workload(stage, kind, **spec)
    connect(stage, kind=kind)
    for _ in range(2):
        replace_token(stage)
        eventually(lambda: "WorkloadNotRestarted" in stage.reasons(), timeout=GATHERED)

    always(lambda: stage.reasons().count("WorkloadNotRestarted") == 1, seconds=7)
    messages = [one["message"] for one in stage.events() if told in one["message"]]
    assert len(messages) == 1
    seen = stage.api.get(path(stage, kind, "billing"))
    assert (seen or {}).get("spec") == (before or {}).get("spec")
    assert stage.condition("Ready") == "True TokenCurrent"


# --- After a restart of the operator ---


def shown(token: str) -> str:
    return fingerprint_of(token).removeprefix("sha256:")


def test_restart_that_is_pending_when_the_operator_dies_is_done_by_the_next(
    stage: Stage, operator: OperatorProcess
) -> None:
    give_workload(stage)
    connect(stage)
    replace_token(stage)
    first = eventually(lambda: mark(stage), timeout=GATHERED)
    assert first == f"crm={shown(stage.token())}"
    generation = workload(stage)["metadata"]["generation"]

    replace_token(stage)
    operator.kill()
    assert mark(stage) == first
    operator.start()

    eventually(lambda: mark(stage) == f"crm={shown(stage.token())}", timeout=2 * GATHERED)
    always(lambda: workload(stage)["metadata"]["generation"] == generation + 1, seconds=7)


def test_restart_of_the_operator_restarts_no_workload(
    stage: Stage, operator: OperatorProcess
) -> None:
    give_workload(stage)
    connect(stage)
    replace_token(stage)
    eventually(lambda: mark(stage), timeout=GATHERED)
    connect(stage, "erp")  # it has not restarted the workload yet
    eventually(lambda: "WorkloadRestarted" in stage.reasons())
    before = workload(stage)

    operator.kill()
    stage.requests.forget()
    operator.start()
    eventually(lambda: stage.requests.counts().get("get deployments") == 2, timeout=2 * GATHERED)

    always(lambda: workload(stage)["spec"] == before["spec"], seconds=2)
    assert stage.requests.writes() == []
    assert stage.requests.counts()["get deployments"] == 2
