"""The image, installed by Helm on a real node, serves a real pod through all that may happen.

The tests share one node and one client, which queries all the time: none may cost it a query.
They begin with the released chart.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from fakeorg import FakeSalesforce, OrgSettings
from support.client_pod import ClientPod
from support.connections_seen import connections_seen
from support.release import PATIENCE, VERSIONS, Release
from support.replicas import Write
from support.stage import Stage
from support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("nothing_is_lost")]


def test_pod_under_the_restricted_standard_queries_the_org(client: ClientPod) -> None:
    assert eventually(client.tokens, timeout=PATIENCE, poll=1)


def test_image_runs_as_nobody_and_holds_no_shell_and_no_pip(release: Release) -> None:
    name = release.leader()

    who = release.execute(name, "python3", "-c", "import os; print(os.getuid(), os.getgid())")
    assert who.split() == ["65532", "65532"]
    assert "no such file" in release.execute(name, "/bin/sh", "-c", "exit").lower()
    assert "No module named pip" in release.execute(name, "python3", "-m", "pip", "--version")


def test_upgrade_from_the_released_chart_keeps_the_tokens(release: Release, steady: Stage) -> None:
    target = steady.secret()

    release.apply("upgrade", VERSIONS[1])
    eventually(release.leader, timeout=PATIENCE)

    assert steady.secret() == target

    (_, tag), (_, other) = (
        one["spec"]["containers"][0]["image"].split(":") for one in release.pods()
    )
    assert tag == other == VERSIONS[1]


def test_helm_test_finds_the_operator_by_its_name_in_the_cluster(release: Release) -> None:
    said = release.test()

    assert "Phase:          Succeeded" in said
    assert said.rstrip().endswith("ok")


def test_network_policy_allows_all_that_the_pods_do(release: Release) -> None:
    (policy, addresses) = release.policy(), {one["status"]["podIP"] for one in release.pods()}
    seen = connections_seen(release.worker)

    made = {(one.protocol, one.port) for one in seen if one.source in addresses}
    assert made == {("TCP", 6443), ("TCP", urlsplit(release.proxy).port)}
    assert made <= _ports(policy["egress"])
    assert {one.port for one in seen if one.destination in addresses} == {8080}
    assert _ports(policy["ingress"]) == {("TCP", "metrics")}


def test_another_replica_takes_over_when_the_pod_of_the_leader_is_deleted_at_once(
    release: Release,
) -> None:
    before = eventually(release.leader, timeout=PATIENCE)

    release.delete_at_once(before)

    after = _another_leader(release, before)
    assert release.restarts(after) == 0


def test_node_starts_the_operator_again_when_the_process_of_the_leader_is_killed(
    release: Release,
) -> None:
    name = eventually(release.leader, timeout=PATIENCE)
    before = release.restarts(name)

    release.signal(name, "SIGKILL")

    _is_started_again(release, name, before)


def test_frozen_leader_that_wakes_too_late_writes_nothing_and_is_started_again(
    release: Release,
    fake: FakeSalesforce,
    make_stage: Callable[[FakeSalesforce, str, OrgSettings], Stage],
    written: Callable[[], list[Write]],
) -> None:
    asked = make_stage(fake, "frozen", OrgSettings())
    asked.connect()
    asked.settled()
    frozen = eventually(release.leader, timeout=PATIENCE)
    before = release.restarts(frozen)

    release.signal(frozen, "SIGSTOP")
    known = len(written())
    # Its watch tells it of this when it wakes, and the new leader does it meanwhile.
    asked.ask_to_renew("while the leader is frozen")
    leader = _another_leader(release, frozen)
    eventually(lambda: asked.status().get("lastHandledRenewRequest"), timeout=PATIENCE)
    release.signal(frozen, "SIGCONT")
    _is_started_again(release, frozen, before)

    assert asked.ready.org.successful_logins == 2
    later = written()[known:]
    taken = next(one for one in later if one.replica == leader and one.is_of_the_lease)
    assert [one for one in later if one.replica == frozen and one.done > taken.done] == []


def _ports(rules: list[dict[str, Any]]) -> set[tuple[str, int | str]]:
    return {(each["protocol"], each["port"]) for rule in rules for each in rule["ports"]}


def _another_leader(release: Release, before: str) -> str:
    def another() -> str:
        name = release.leader()
        return name if name != before else ""

    return eventually(another, timeout=PATIENCE)


def _is_started_again(release: Release, name: str, before: int) -> None:
    eventually(lambda: release.restarts(name) == before + 1, timeout=PATIENCE, poll=0.5)
    eventually(lambda: release.is_ready(name), timeout=PATIENCE, poll=0.5)
