"""What the metrics show of connections."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from token_operator.clock import Clock
from token_operator.domain import life
from token_operator.domain.conditions import READY
from token_operator.domain.timeline import Timeline
from token_operator.reconcile.record import Record
from token_operator.reconcile.records import Records
from token_operator.telemetry.snapshots import ConnectionSnapshot


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Reads the records at every scrape."""

    records: Records
    clock: Clock

    def __call__(self) -> Iterator[ConnectionSnapshot]:
        """Yield what the metrics show of each connection now."""
        now, timeline = self.clock.now(), self.clock.timeline
        for record in self.records:
            yield snapshot_of(record, now, timeline)


def snapshot_of(record: Record, now: datetime, timeline: Timeline) -> ConnectionSnapshot:
    """Return what the metrics show of one connection."""
    held, connection, auth = record.state.held, record.connection, record.auth
    ready = record.status.condition(READY)
    settings, shown = connection.token, timeline.shown
    return ConnectionSnapshot(
        namespace=record.key.namespace,
        name=record.key.name,
        ready=ready is not None and ready.status == "True",
        expires_at=None if held is None else shown(life.expires_at(held, settings)),
        renewal_at=None
        if held is None
        else shown(life.renewal_time(held, settings, connection.uid)),
        verified_at=None if held is None or held.verified_at is None else shown(held.verified_at),
        certificate_not_after=None if auth is None else auth.certificate_not_after,
        dead_seconds=record.account.dead_seconds(now),
    )
