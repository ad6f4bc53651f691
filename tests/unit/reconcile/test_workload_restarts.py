"""Restarting workloads after the token has changed."""

from typing import Any

import pytest

from support.fake_api import Resource, merge
from support.parts import NAMESPACE, Parts, connection_path, restarted
from token_operator.cluster.workloads import RESTARTED_FOR
from token_operator.domain.token import fingerprint_of

PATH = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/billing"
SPEC = {"restartWorkloads": [{"kind": "Deployment", "name": "billing"}]}


async def renewed(parts: Parts, *names: str, is_enabled: bool = True) -> None:
    """Connect, and let another token take the place of the first."""
    await connected(parts, *names, is_enabled=is_enabled)
    await another_token(parts)


async def connected(parts: Parts, *names: str, is_enabled: bool = True) -> None:
    parts.operator.passes.restarter.is_enabled = is_enabled
    parts.give_key()
    for name in names or ("crm",):
        parts.connect(name, spec=SPEC)
    await parts.settle()


async def rest(parts: Parts) -> None:
    """Let the operator that was started find what is there, and what is missing."""
    parts.operator.passes.restarter.is_enabled = True
    await parts.settle()
    for _ in range(3):
        parts.advance(seconds=5)
        await parts.settle()


async def another_token(parts: Parts) -> None:
    parts.ready.org.kill_sessions()
    parts.advance(minutes=5)
    await parts.settle()
    parts.advance(seconds=5)
    await parts.settle()


async def another_token_that_restarts_nothing(parts: Parts) -> str:
    """Return the token that an operator has written just before its end."""
    parts.ready.org.kill_sessions()
    parts.advance(minutes=5)
    await parts.settle()
    return parts.token()


def give_workload(parts: Parts, noted: str = "", **spec: Any) -> Resource:
    metadata = {"annotations": {RESTARTED_FOR: noted}} if noted else {}
    return parts.server.put(PATH, {"spec": {"template": {"metadata": metadata}, **spec}})


def mark(parts: Parts) -> str:
    template = parts.server.objects[PATH]["spec"]["template"]["metadata"]
    return str((template.get("annotations") or {}).get(RESTARTED_FOR, ""))


def restarts(parts: Parts) -> int:
    return parts.server.count()[f"PATCH {PATH}"]


def shown(token: str) -> str:
    return fingerprint_of(token).removeprefix("sha256:")


def told(parts: Parts) -> list[str]:
    return [one for one in parts.server.posted_events() if one.startswith("Workload")]


async def test_workload_is_restarted_when_the_token_is_another(parts: Parts) -> None:
    give_workload(parts)
    await renewed(parts)

    first = mark(parts)
    assert first
    assert told(parts) == ["WorkloadRestarted"]

    await another_token(parts)
    assert mark(parts) not in ("", first)


async def test_workload_is_read_once_at_the_start_and_once_for_each_new_token(
    parts: Parts,
) -> None:
    give_workload(parts)
    await connected(parts)
    await rest(parts)
    assert parts.server.count()[f"GET {PATH}"] == 1

    for _ in range(2):
        parts.server.requests.clear()
        await another_token(parts)
        asked = parts.server.count()
        assert (asked[f"GET {PATH}"], asked[f"PATCH {PATH}"]) == (1, 1)

    parts.server.requests.clear()
    for seconds in (300, 5):
        parts.advance(seconds=seconds)
        await parts.settle()
    assert parts.server.requests == []


async def test_restart_waits_for_other_connections(parts: Parts) -> None:
    give_workload(parts)
    parts.operator.passes.restarter.is_enabled = True
    parts.give_key()
    parts.connect(spec=SPEC)
    await parts.settle()

    parts.ready.org.kill_sessions()
    parts.advance(minutes=5)
    await parts.settle()

    assert mark(parts) == ""
    assert parts.due_in() == 5


async def test_operator_without_the_flag_restarts_nothing_and_says_so_once(parts: Parts) -> None:
    give_workload(parts)
    await renewed(parts, is_enabled=False)
    await another_token(parts)

    assert mark(parts) == ""
    assert told(parts) == ["WorkloadNotRestarted"]
    assert parts.condition() == "True TokenCurrent"


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(None, id="missing"),
        pytest.param({"paused": True}, id="paused"),
        pytest.param({"updateStrategy": {"type": "OnDelete"}}, id="keeps its pods"),
    ],
)
async def test_workload_that_cannot_be_restarted_is_told_once(
    parts: Parts, spec: dict[str, Any] | None
) -> None:
    if spec is not None:
        give_workload(parts, **spec)
    await renewed(parts)
    await another_token(parts)

    assert told(parts) == ["WorkloadNotRestarted"]
    assert parts.server.count()[f"PATCH {PATH}"] == 0


async def test_workload_that_may_not_be_written_is_told(parts: Parts) -> None:
    give_workload(parts)
    parts.server.fail(403, method="PATCH", part="deployments")
    await renewed(parts)

    assert told(parts) == ["WorkloadNotRestarted"]


async def test_workload_that_another_connection_restarts_meanwhile_is_restarted_once(
    parts: Parts,
) -> None:
    give_workload(parts)
    await connected(parts)
    token = await another_token_that_restarts_nothing(parts)
    noted = f"crm={shown(token)}"

    def restart() -> None:
        metadata = {"annotations": {RESTARTED_FOR: noted}}
        patch = {"spec": {"template": {"metadata": metadata}}}
        parts.server.put(PATH, merge(parts.server.objects[PATH], patch))

    parts.server.meanwhile(restart, method="PATCH", part="deployments")
    parts.advance(seconds=5)
    await parts.settle()

    assert mark(parts) == noted
    assert restarts(parts) == 1
    assert told(parts) == []


async def test_workload_that_changes_all_the_time_is_restarted_later(parts: Parts) -> None:
    give_workload(parts)
    parts.server.fail(409, method="PATCH", part="deployments", times=3)
    await renewed(parts)
    assert restarts(parts) == 3
    assert (mark(parts), told(parts)) == ("", [])
    assert parts.due_in() == 30

    parts.advance(seconds=30)
    await parts.settle()
    assert mark(parts)
    assert told(parts) == ["WorkloadRestarted"]


async def test_restart_that_the_api_server_cannot_make_now_is_made_later(parts: Parts) -> None:
    give_workload(parts)
    parts.server.fail(503, method="PATCH", part="deployments")
    await renewed(parts)
    assert mark(parts) == ""
    assert parts.due_in() == 30

    parts.advance(seconds=30)
    await parts.settle()
    assert mark(parts)


async def test_suspended_connection_restarts_nothing(parts: Parts) -> None:
    give_workload(parts)
    parts.operator.passes.restarter.is_enabled = True
    parts.give_key()
    parts.connect(spec=SPEC)
    await parts.settle()
    parts.ready.org.kill_sessions()
    parts.advance(minutes=5)
    await parts.settle()

    parts.change({"spec": {"suspend": True}})
    parts.advance(seconds=5)
    await parts.settle()
    assert mark(parts) == ""

    parts.change({"spec": {"suspend": False}})
    await parts.settle()
    assert mark(parts)


async def test_workload_shows_the_tokens_of_all_connections_that_serve_it(parts: Parts) -> None:
    noted = "other=0123456789abcdef,gone=0123456789abcdef,crm=fedcba9876543210"
    give_workload(parts, noted=noted)
    parts.connect("other")
    await renewed(parts, "crm", "erp")

    tokens = {"crm": parts.token(), "erp": parts.token("erp-token")}
    wanted = [f"{name}={shown(token)}" for name, token in tokens.items()]
    assert mark(parts).split(",") == [*wanted, "other=0123456789abcdef"]
    assert restarts(parts) == 1


# --- After a restart of the operator ---


async def test_restart_that_an_operator_did_not_come_to_do_is_done_by_the_next(
    parts: Parts,
) -> None:
    give_workload(parts)
    await renewed(parts)
    token = await another_token_that_restarts_nothing(parts)

    async with restarted(parts) as again:
        await rest(again)

        assert mark(again) == f"crm={shown(token)}"
        assert restarts(again) == 1


async def test_secret_that_is_newer_than_the_status_restarts_the_workload(parts: Parts) -> None:
    give_workload(parts)
    await connected(parts)
    before = parts.server.objects[connection_path()]["status"]
    token = await another_token_that_restarts_nothing(parts)
    parts.change({"status": before})

    async with restarted(parts) as again:
        await rest(again)

        assert mark(again) == f"crm={shown(token)}"
        assert restarts(again) == 1


async def test_restart_of_the_operator_restarts_no_workload(parts: Parts) -> None:
    give_workload(parts)
    await renewed(parts)
    parts.connect("erp", spec=SPEC)
    await parts.settle()

    async with restarted(parts) as again:
        await rest(again)

        assert again.server.count()[f"GET {PATH}"] == 2
        assert restarts(again) == 0
        again.server.requests.clear()
        await another_token(again)
        assert {part.partition("=")[0] for part in mark(again).split(",")} == {"crm", "erp"}
        assert restarts(again) == 1


@pytest.mark.parametrize(
    "noted",
    [
        pytest.param("", id="nothing is noted"),
        pytest.param("0123456789abcdef", id="by release 0.1.0"),
        pytest.param("erp=0123456789abcdef", id="another connection"),
    ],
)
async def test_workload_that_does_not_name_the_connection_is_not_restarted(
    parts: Parts, noted: str
) -> None:
    give_workload(parts, noted)
    await connected(parts)
    await another_token_that_restarts_nothing(parts)

    async with restarted(parts) as again:
        await rest(again)

        assert mark(again) == noted
        assert told(again) == []


async def test_missing_restart_waits_for_an_api_server_that_answers(parts: Parts) -> None:
    give_workload(parts)
    await renewed(parts)
    token = await another_token_that_restarts_nothing(parts)

    async with restarted(parts) as again:
        again.server.fail(503, method="GET", part="deployments")
        await rest(again)
        assert mark(again) != f"crm={shown(token)}"

        again.advance(seconds=30)
        await again.settle()
        assert mark(again) == f"crm={shown(token)}"


async def test_missing_restart_of_a_suspended_connection_waits(parts: Parts) -> None:
    give_workload(parts)
    await renewed(parts)
    token = await another_token_that_restarts_nothing(parts)
    parts.change({"spec": {"suspend": True}})

    async with restarted(parts) as again:
        await rest(again)
        assert restarts(again) == 0

        again.change({"spec": {"suspend": False}})
        await rest(again)
        assert mark(again) == f"crm={shown(token)}"


async def test_workload_that_is_named_again_after_a_while_is_caught_up_with(parts: Parts) -> None:
    give_workload(parts)
    await renewed(parts)
    parts.change({"spec": {"restartWorkloads": []}})
    await another_token(parts)

    parts.change({"spec": SPEC})
    await rest(parts)

    assert mark(parts) == f"crm={shown(parts.token())}"


async def test_workload_that_is_not_there_is_told_when_the_token_changes(parts: Parts) -> None:
    await connected(parts)
    await rest(parts)
    assert told(parts) == []

    await another_token(parts)
    assert told(parts) == ["WorkloadNotRestarted"]


async def test_target_that_is_written_later_restarts_the_workload_again(parts: Parts) -> None:
    give_workload(parts)
    parts.operator.passes.restarter.is_enabled = True
    parts.give_key()
    parts.connect(spec={**SPEC, "targets": [{"secretName": "crm-token"}, {"secretName": "more"}]})
    await parts.settle()
    old = parts.token()
    parts.server.fail(403, method="PATCH", part="secrets/more")

    await another_token(parts)
    assert mark(parts) == "crm=" + "+".join(sorted([shown(old), shown(parts.token())]))

    parts.advance(seconds=30)
    await parts.settle()
    parts.advance(seconds=5)
    await parts.settle()
    assert parts.token("more") == parts.token()
    assert mark(parts) == f"crm={shown(parts.token())}"
    assert restarts(parts) == 2


async def test_restarts_are_counted(parts: Parts) -> None:
    give_workload(parts)
    await connected(parts)
    parts.server.fail(503, method="PATCH", part="deployments")
    await another_token(parts)
    parts.server.fail(403, method="PATCH", part="deployments")
    parts.advance(seconds=30)
    await parts.settle()
    await another_token(parts)

    page = parts.operator.metrics.page().decode()
    assert 'writes_total{resource="workload",result="failure"} 2.0' in page
    assert 'writes_total{resource="workload",result="success"} 1.0' in page
