"""The parts together: snapshots for the metrics."""

from support.builders import HOUR
from support.connected import running
from support.parts import Parts


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
