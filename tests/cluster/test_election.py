"""Several operators, one leader: whatever happens to it, one at a time writes, and none in vain."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import dropwhile
from pathlib import Path

import pytest

import cluster
from fakeorg import FakeSalesforce, Readymade
from support.kubectl import Kubectl
from support.replicas import LEASE, Replica, Write, intruders, writes
from support.stage import Stage
from support.waiting import always, eventually
from token_operator.runtime.election import DURATION

pytestmark = pytest.mark.cluster

# A lease of 15 s, tries every 2 s, and a busy machine.
TAKEOVER = 30.0
# What every operator asks for once, to see that it can work here.
_BEFORE_READY = frozenset({"list salesforceconnections", "list secrets"})
Start = Callable[[str], Replica]


@pytest.fixture
def stage(make_stage: Callable[[Readymade], Stage], orgs: Iterator[Readymade]) -> Stage:
    """Return a stage with a labelled key Secret, and no operator yet."""
    made = make_stage(next(orgs))
    made.give_key()
    return made


@pytest.fixture
def start(stage: Stage, fake: FakeSalesforce, kubectl: Kubectl, tmp_path: Path) -> Iterator[Start]:
    """Start a replica and wait until it says that it is ready; all are killed at the end."""
    running: list[Replica] = []
    host = f"--allowed-host=127.0.0.1:{stage.ready.org.port}"

    def start(name: str) -> Replica:
        flags = (f"--ca-file={fake.ca_file}", host)
        replica = Replica(name, kubectl, stage.namespace, tmp_path, flags)
        running.append(replica)
        replica.process.start()
        return replica

    yield start
    for replica in running:
        replica.process.kill()


@pytest.fixture
def seen(stage: Stage, control_plane: cluster.ControlPlane) -> Callable[[], list[Write]]:
    """Tell what was written so far."""
    return lambda: writes(control_plane.audit_log, stage.namespace)


def _lease(stage: Stage) -> dict[str, object]:
    path = f"/apis/coordination.k8s.io/v1/namespaces/{stage.namespace}/leases/{LEASE}"
    spec: dict[str, object] = (stage.api.get(path) or {})["spec"]
    return spec


def _renews(stage: Stage, value: str, *, timeout: float = 10) -> None:
    stage.ask_to_renew(value)
    eventually(lambda: stage.status().get("lastHandledRenewRequest") == value, timeout=timeout)


def test_standby_is_ready_and_asks_for_nothing_but_the_lease(
    start: Start, stage: Stage, control_plane: cluster.ControlPlane
) -> None:
    leader = start("first")
    eventually(leader.leads)

    standby = start("second")
    stage.connect()
    stage.settled()

    def asked_when_ready() -> list[str]:
        asked = standby.requests(control_plane.audit_log)
        return list(dropwhile(_BEFORE_READY.__contains__, asked))

    eventually(lambda: asked_when_ready().count("get leases") > 2)
    assert standby.process.get("/readyz").status_code == 200
    assert not standby.leads()
    assert set(asked_when_ready()) == {"get leases"}


def test_leader_that_is_told_to_stop_hands_over_at_once(
    start: Start, stage: Stage, seen: Callable[[], list[Write]]
) -> None:
    first, second = start("first"), start("second")
    stage.connect()
    token = stage.settled()
    target = stage.secret()

    first.process.stop()
    # Without the release it would wait until the Lease is old enough to be taken.
    eventually(second.leads, timeout=DURATION.total_seconds() / 2)

    assert _lease(stage)["leaseTransitions"] == 1
    always(lambda: stage.secret() == target, seconds=2)
    assert stage.ready.org.calls["token"] == 1
    _renews(stage, "after the hand-over")
    assert stage.ready.org.calls["token"] == 2
    assert stage.token() == token
    assert intruders(seen()) == []
    # Its release was the last thing that the first one wrote.
    (*_, last) = [one for one in seen() if one.replica == "first"]
    assert last.is_of_the_lease


def test_frozen_leader_that_wakes_too_late_leaves_and_a_killed_one_is_replaced(
    start: Start, stage: Stage, seen: Callable[[], list[Write]]
) -> None:
    first, others = start("first"), [start("second"), start("third")]
    stage.connect()
    token = stage.settled()

    first.freeze()
    # Its watch tells it of this when it wakes, and the new leader does it meanwhile.
    _renews(stage, "while the leader is frozen", timeout=TAKEOVER)
    assert stage.ready.org.calls["token"] == 2
    assert [one.leads() for one in others].count(True) == 1
    assert first.wake() == 1

    second, third = sorted(others, key=Replica.leads, reverse=True)
    second.process.kill()
    eventually(third.leads, timeout=TAKEOVER)
    _renews(stage, "after the kill")

    assert stage.ready.org.calls["token"] == 3
    assert stage.token() == token
    assert stage.ready.org.is_live(token)
    assert _lease(stage)["leaseTransitions"] == 2
    assert stage.condition("Ready") == "True TokenCurrent"
    assert intruders(seen()) == []
    assert {one.replica for one in seen()} == {"first", second.name, third.name}


def test_second_writer_would_be_recognised() -> None:
    def write(replica: str, what: str, *, begun: int, done: int) -> Write:
        def at(second: int) -> datetime:
            return datetime(2026, 11, 24, 12, 0, second, tzinfo=UTC)

        return Write(replica=replica, what=what, begun=at(begun), done=at(done))

    first = write("first", "create leases", begun=0, done=1)
    second = write("second", "update leases", begun=20, done=21)
    good = write("first", "patch secrets", begun=2, done=3)
    late = write("first", "patch secrets", begun=22, done=23)
    overlapping = write("first", "patch secrets", begun=19, done=22)

    assert intruders([first, good, second]) == []
    assert intruders([first, second, late]) == [late]
    assert intruders([first, second, overlapping]) == [overlapping]
