"""The image, installed by Helm on a real node, serves a real pod through all that may happen.

The tests share one node and one client, which queries all the time: none may cost it a query.
"""

from collections.abc import Iterator

import pytest

from support.client_pod import ClientPod
from support.release import VERSIONS, Release
from support.stage import Stage
from support.waiting import eventually

pytestmark = pytest.mark.e2e

# Seconds. A renewal every twelve, the lease after fifteen, the kubelet's turn within ten.
_PATIENCE = 90


@pytest.fixture(autouse=True)
def _nothing_is_lost(client: ClientPod, steady: Stage) -> Iterator[None]:
    """Whatever a test does: two renewals reach the client afterwards, and no query failed."""
    yield
    known = set(client.tokens())
    eventually(lambda: len(set(client.tokens()) - known) >= 2, timeout=_PATIENCE, poll=1)
    assert client.failures() == []
    assert steady.ready.org.successful_logins == 1


def test_pod_under_the_restricted_standard_queries_the_org(client: ClientPod) -> None:
    assert eventually(client.tokens, timeout=_PATIENCE, poll=1)


def test_image_runs_as_nobody_and_holds_no_shell_and_no_pip(release: Release) -> None:
    name = release.leader()

    who = release.execute(name, "python3", "-c", "import os; print(os.getuid(), os.getgid())")
    assert who.split() == ["65532", "65532"]
    assert "no such file" in release.execute(name, "/bin/sh", "-c", "exit").lower()
    assert "No module named pip" in release.execute(name, "python3", "-m", "pip", "--version")


def test_upgrade_keeps_the_tokens(release: Release) -> None:
    release.apply("upgrade", VERSIONS[1])

    (_, tag), (_, other) = (
        one["spec"]["containers"][0]["image"].split(":") for one in release.pods()
    )
    assert tag == other == VERSIONS[1]


def test_another_replica_takes_over_when_the_pod_of_the_leader_is_deleted_at_once(
    release: Release,
) -> None:
    before = eventually(release.leader, timeout=_PATIENCE)

    release.delete_at_once(before)

    after = eventually(
        lambda: release.leader() not in {before, ""} and release.leader(), timeout=_PATIENCE
    )
    assert release.restarts(str(after)) == 0


def test_node_starts_the_operator_again_when_the_process_of_the_leader_is_killed(
    release: Release,
) -> None:
    name = eventually(release.leader, timeout=_PATIENCE)

    release.kill_container(name)

    eventually(lambda: release.restarts(name) == 1, timeout=_PATIENCE, poll=0.5)
    eventually(lambda: release.is_ready(name), timeout=_PATIENCE, poll=0.5)
