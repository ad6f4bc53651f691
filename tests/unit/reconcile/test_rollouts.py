"""Restarting workloads after the token has changed."""

from typing import Any

import pytest

from support.fake_api import Resource
from support.parts import NAMESPACE, Parts
from token_operator.cluster.workloads import RESTARTED_FOR

PATH = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/billing"
SPEC = {"restartWorkloads": [{"kind": "Deployment", "name": "billing"}]}


async def renewed(parts: Parts, *, is_enabled: bool = True) -> None:
    """Connect, and let another token take the place of the first."""
    parts.operator.passes.rollouts.is_enabled = is_enabled
    parts.give_key()
    parts.connect(spec=SPEC)
    await parts.settle()
    await another_token(parts)


async def another_token(parts: Parts) -> None:
    parts.ready.org.kill_sessions()
    parts.advance(minutes=5)
    await parts.settle()
    parts.advance(seconds=5)
    await parts.settle()


def give_workload(parts: Parts, **spec: Any) -> Resource:
    return parts.server.put(PATH, {"spec": {"template": {"metadata": {}}, **spec}})


def mark(parts: Parts) -> str:
    template = parts.server.objects[PATH]["spec"]["template"]["metadata"]
    return str((template.get("annotations") or {}).get(RESTARTED_FOR, ""))


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


async def test_restart_waits_for_other_connections(parts: Parts) -> None:
    give_workload(parts)
    parts.operator.passes.rollouts.is_enabled = True
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
    parts.operator.passes.rollouts.is_enabled = True
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
