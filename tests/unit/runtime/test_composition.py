"""The parts together: snapshots for the metrics, and steps of the wall clock."""

from datetime import timedelta

from support.builders import HOUR
from support.connected import connected, running
from support.parts import Parts, secret_path
from token_operator.salesforce.hosts import host_of


async def test_snapshot_tells_the_instants_of_the_token(parts: Parts) -> None:
    await running(parts)

    (snapshot,) = parts.operator.controllers[0].snapshots()

    assert (snapshot.namespace, snapshot.name) == ("shop", "crm")
    assert snapshot.ready
    assert snapshot.expires_at == parts.clock.now() + HOUR
    assert snapshot.verified_at == parts.clock.now()
    assert snapshot.dead_seconds == 0


async def test_snapshot_of_a_connection_without_a_token_has_no_instants(parts: Parts) -> None:
    parts.connect()
    await parts.settle()

    (snapshot,) = parts.operator.controllers[0].snapshots()

    assert not snapshot.ready
    assert snapshot.expires_at is None
    assert snapshot.renewal_at is None


async def test_snapshot_counts_the_seconds_of_a_dead_token(parts: Parts) -> None:
    await running(parts)
    parts.ready.org.kill_sessions()
    parts.ready.user.active = False
    parts.advance(minutes=5)
    await parts.settle()
    parts.advance(seconds=7)

    (snapshot,) = parts.operator.controllers[0].snapshots()

    assert snapshot.dead_seconds == 7


async def test_metrics_show_connections_queue_and_budgets(parts: Parts) -> None:
    await running(parts)

    page = parts.operator.metrics.page().decode()

    assert 'salesforce_token_ready{name="crm",namespace="shop"} 1.0' in page
    assert "salesforce_token_queue_depth 0.0" in page
    assert "salesforce_token_login_budget_used_ratio" in page


async def test_step_of_the_wall_clock_leaves_lives_as_long_as_they_were(parts: Parts) -> None:
    await running(parts)
    parts.operator.clock_watch.look()
    before = parts.record().state.held
    assert before is not None

    parts.clock.set_wall_clock(timedelta(hours=-3))
    parts.operator.clock_watch.look()

    held = parts.record().state.held
    assert held is not None
    assert held.proof_at == before.proof_at - timedelta(hours=3)
    assert parts.operator.queue.depth == 1


async def test_step_of_the_wall_clock_does_not_shift_salesforces_clock(parts: Parts) -> None:
    await running(parts)
    parts.operator.clock_watch.look()
    host = host_of(parts.ready.org.login_url)

    parts.clock.set_wall_clock(timedelta(hours=-3))
    parts.operator.clock_watch.look()

    assert parts.operator.clock_watch.offsets.of(host) == timedelta(hours=3)


async def test_dead_token_counts_on_after_a_step(parts: Parts) -> None:
    await running(parts)
    parts.operator.clock_watch.look()
    parts.ready.org.kill_sessions()
    parts.ready.user.active = False
    parts.advance(minutes=5)
    await parts.settle()

    parts.clock.set_wall_clock(timedelta(hours=-3))
    parts.operator.clock_watch.look()
    parts.advance(seconds=7)

    (snapshot,) = parts.operator.controllers[0].snapshots()
    assert snapshot.dead_seconds == 7


async def test_small_corrections_of_the_wall_clock_change_nothing(parts: Parts) -> None:
    await running(parts)
    parts.operator.clock_watch.look()
    before = parts.record().state

    parts.clock.set_wall_clock(timedelta(seconds=30))
    parts.advance(minutes=1)
    parts.operator.clock_watch.look()

    assert parts.record().state is before


async def test_refused_target_is_looked_at_in_time_after_a_step(parts: Parts) -> None:
    parts.server.put(secret_path("crm-token"), {})
    await connected(parts)
    parts.operator.clock_watch.look()
    before = parts.record().target("crm-token").look_again_at
    assert before is not None

    parts.clock.set_wall_clock(timedelta(hours=-3))
    parts.operator.clock_watch.look()

    assert parts.record().target("crm-token").look_again_at == before - timedelta(hours=3)
