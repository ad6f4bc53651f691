"""Steps of the wall clock: nothing in memory changes, and everything is shown anew."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from support.builders import HOUR, MINUTE
from support.connected import connected, running
from support.parts import Parts, connection_path, restarted, secret_path
from token_operator.domain.targets.labels import EXPIRES_AT, ISSUED_AT
from token_operator.salesforce.hosts import host_of

INSTANTS = {
    "status": ("issuedAt", "expiresAt", "renewalTime", "verifiedAt"),
    "target": (ISSUED_AT, EXPIRES_AT),
    "metrics": ("expires_at", "renewal_at", "verified_at"),
}


def step(parts: Parts, by: timedelta) -> None:
    """Set the wall clock, and let the operator notice."""
    parts.clock.set_wall_clock(by)
    parts.operator.clock_watch.look()


def shown(parts: Parts) -> dict[str, datetime]:
    """Return all that the operator shows of its token, by place and name."""
    annotations = parts.server.objects[secret_path("crm-token")]["metadata"]["annotations"]
    (snapshot,) = parts.operator.controllers[0].snapshots()
    found: dict[str, Any] = {}
    for name in INSTANTS["status"]:
        found[f"status {name}"] = datetime.fromisoformat(parts.status()["token"][name])
    for name in INSTANTS["target"]:
        found[f"target {name}"] = datetime.fromisoformat(annotations[name])
    for name in INSTANTS["metrics"]:
        found[f"metrics {name}"] = getattr(snapshot, name)
    transition = parts.status()["conditions"][0]["lastTransitionTime"]
    return found | {"status condition": datetime.fromisoformat(transition)}


STEPS = pytest.mark.parametrize(
    "by",
    [
        pytest.param(timedelta(hours=-3), id="back"),
        pytest.param(timedelta(hours=3), id="forth"),
        pytest.param(timedelta(days=-4000), id="from a wrong year"),
        pytest.param(timedelta(seconds=31), id="just worth it"),
    ],
)


@STEPS
async def test_step_moves_all_that_is_shown_once_and_nothing_in_memory(
    parts: Parts, by: timedelta
) -> None:
    await running(parts)
    before, state = shown(parts), parts.record().state

    step(parts, by)
    await parts.settle()

    assert shown(parts) == {name: at + by for name, at in before.items()}
    assert parts.record().state.held == state.held
    assert parts.logins() == 1


@STEPS
async def test_token_is_renewed_after_as_long_a_time_as_without_the_step(
    parts: Parts, by: timedelta
) -> None:
    await running(parts)
    step(parts, by)
    await parts.settle()

    parts.advance(minutes=30)
    await parts.settle()
    assert parts.logins() == 1
    parts.advance(minutes=7)
    await parts.settle()

    assert parts.logins() == 2


@STEPS
async def test_restart_after_a_step_finds_the_same_token(parts: Parts, by: timedelta) -> None:
    await running(parts)
    step(parts, by)
    await parts.settle()
    before = shown(parts)

    async with restarted(parts) as again:
        await again.settle()
        again.advance(seconds=5)
        await again.settle()

        assert again.logins() == 1
        assert shown(again)["status issuedAt"] == before["status issuedAt"]
        assert shown(again)["target " + ISSUED_AT] == before["target " + ISSUED_AT]


@STEPS
async def test_token_that_only_its_target_shows_is_found_after_a_step(
    parts: Parts, by: timedelta
) -> None:
    await running(parts)
    held = parts.record().state.held
    step(parts, by)
    await parts.settle()
    del parts.server.objects[connection_path()]["status"]

    async with restarted(parts) as again:
        await again.settle()

        found = again.record().state.held
        assert found is not None
        assert held is not None
        assert (found.issued_at, found.login_at) == (held.issued_at, held.login_at)
        assert again.logins() == 1


@STEPS
async def test_step_moves_the_instants_in_entries(parts: Parts, by: timedelta) -> None:
    data = {"t": "${access_token}", "from": "${issued_at}", "to": "${expires_at}"}
    await running(parts, {"targets": [{"secretName": "crm-token", "data": data}]})
    before = parts.entries()

    step(parts, by)
    await parts.settle()

    after = parts.entries()
    for name in ("from", "to"):
        moved = datetime.fromisoformat(after[name]) - datetime.fromisoformat(before[name])
        assert moved == by


async def test_two_steps_add_up(parts: Parts) -> None:
    await running(parts)
    before = shown(parts)

    step(parts, -3 * HOUR)
    await parts.settle()
    step(parts, HOUR)
    await parts.settle()

    assert shown(parts) == {name: at - 2 * HOUR for name, at in before.items()}


async def test_small_corrections_of_the_wall_clock_change_nothing(parts: Parts) -> None:
    await running(parts)
    before = shown(parts)

    step(parts, timedelta(seconds=30))

    assert parts.operator.queue.depth == 0
    assert shown(parts) == before


async def test_step_does_not_shift_salesforces_clock(parts: Parts) -> None:
    await running(parts)
    host = host_of(parts.ready.org.login_url)

    step(parts, -3 * HOUR)

    assert parts.operator.clock_watch.offsets.of(host) == timedelta()
    assert parts.operator.clock_watch.offsets.of("other.example") == -3 * HOUR


async def test_wall_clock_that_is_wrong_now_is_announced(parts: Parts) -> None:
    await running(parts)

    step(parts, -3 * HOUR)
    await parts.settle()

    assert "ClockSkew" in parts.server.posted_events()


async def test_dead_token_counts_on_after_a_step(parts: Parts) -> None:
    await running(parts)
    parts.ready.org.kill_sessions()
    parts.ready.user.active = False
    parts.advance(minutes=5)
    await parts.settle()

    step(parts, -3 * HOUR)
    parts.advance(seconds=7)

    (snapshot,) = parts.operator.controllers[0].snapshots()
    assert snapshot.dead_seconds == 7


async def test_refused_target_is_looked_at_in_time_after_a_step(parts: Parts) -> None:
    parts.server.put(secret_path("crm-token"), {})
    await connected(parts)
    look = parts.record().targets.of("crm-token").look_again_at
    assert look is not None
    left = look - parts.clock.now()

    step(parts, -3 * HOUR)
    await parts.settle()
    del parts.server.objects[secret_path("crm-token")]
    parts.clock.advance(left + MINUTE)
    await parts.run_passes()

    assert parts.token()
