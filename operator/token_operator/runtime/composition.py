"""The composition root: the parts of the operator, put together once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import httpx
from kubernetes.aio.client import Configuration

from token_operator.clock import Clock
from token_operator.cluster.api import Api, allow_every_write
from token_operator.cluster.connecting import client_for
from token_operator.domain import life
from token_operator.domain.conditions import READY
from token_operator.domain.connection import ConnectionKey
from token_operator.domain.outcomes import HostRecovered
from token_operator.reconcile.call_admission import CallAdmission
from token_operator.reconcile.deletion import Deletion
from token_operator.reconcile.intake import Intake
from token_operator.reconcile.logging_in import LoggingIn
from token_operator.reconcile.minting import Minting
from token_operator.reconcile.passes import Passes
from token_operator.reconcile.pruning import Pruning
from token_operator.reconcile.publishing import Publishing
from token_operator.reconcile.queue import KeyedQueue
from token_operator.reconcile.record import Record
from token_operator.reconcile.records import Records
from token_operator.reconcile.refreshing import Refreshing
from token_operator.reconcile.reporting import Reporting
from token_operator.reconcile.restoring import Restoring
from token_operator.reconcile.sourcing import Sourcing
from token_operator.reconcile.verification import Verification
from token_operator.reconcile.workload_restarts import WorkloadRestarter
from token_operator.salesforce.clock_offset import ClockOffset
from token_operator.salesforce.hosts import AllowedHosts
from token_operator.salesforce.transport import Transport
from token_operator.settings import Settings
from token_operator.telemetry.metrics import Metrics
from token_operator.telemetry.scrape import Sources
from token_operator.telemetry.snapshots import ConnectionSnapshot

# A step of the wall clock that is larger than this re-plans everything.
CLOCK_JUMP: Final = timedelta(seconds=30)


@dataclass(slots=True)
class Operator:
    """The parts that live as long as the process."""

    clock: Clock
    api: Api
    http: httpx.AsyncClient
    records: Records
    queue: KeyedQueue
    admission: CallAdmission
    intake: Intake
    passes: Passes
    metrics: Metrics
    offsets: ClockOffset
    _clock_distance: float | None = field(default=None)

    def watch_clocks(self) -> None:
        """Shift all instants when the wall clock was set, so that lives keep their length."""
        distance = self.clock.now().timestamp() - self.clock.monotonic()
        if self._clock_distance is None:
            self._clock_distance = distance
            return
        step = timedelta(seconds=distance - self._clock_distance)
        if abs(step) <= CLOCK_JUMP:
            return
        self._clock_distance = distance
        self.admission.shift(step)
        self.offsets.shift(step)
        for record in self.records:
            record.lifecycle.shift(step)
            for target in record.targets.values():
                target.look_again_at = target.look_again_at and target.look_again_at + step
                target.reread_at = target.reread_at and target.reread_at + step
            record.restarts.shift(step)
            record.account.shift(step)
            self.queue.add(record.key)

    def snapshots(self) -> Iterator[ConnectionSnapshot]:
        """Yield what the metrics tell of each connection."""
        now = self.clock.now()
        for record in self.records:
            yield snapshot_of(record, now)

    async def close(self) -> None:
        """Close all connections."""
        await self.http.aclose()
        await self.api.close()


def snapshot_of(record: Record, now: datetime) -> ConnectionSnapshot:
    """Return what the metrics tell of one connection."""
    held, connection = record.state.held, record.connection
    ready = record.status.condition(READY)
    return ConnectionSnapshot(
        namespace=record.key.namespace,
        name=record.key.name,
        ready=ready is not None and ready.status == "True",
        expires_at=None if held is None else life.expires_at(held, connection.token),
        renewal_at=None
        if held is None
        else life.renewal_time(held, connection.token, connection.uid),
        verified_at=None if held is None else held.verified_at,
        certificate_not_after=None if record.auth is None else record.auth.certificate_not_after,
        dead_seconds=record.account.dead_seconds(now),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """What the operator stands on: where the cluster is, how Salesforce is reached, the clock."""

    configuration: Configuration
    http: httpx.AsyncClient
    clock: Clock
    metrics: Metrics
    user_agent: str
    # Asked before every write and every login; raises where it must not be made.
    guard: Callable[[], None] = allow_every_write


def compose(settings: Settings, base: Foundation) -> Operator:
    """Return the operator, put together and not yet running."""
    clock, metrics = base.clock, base.metrics
    api = Api(client_for(base.configuration, base.user_agent), guard=base.guard)
    hosts, transport = AllowedHosts(settings.allowed_hosts), Transport(base.http, clock)
    records, queue = Records(), KeyedQueue(clock)
    # Who is called has waited already: at the end of the line it would wait once more.
    admission = CallAdmission(wake=lambda key: queue.add(key, urgent=True))

    def wake(keys: frozenset[ConnectionKey]) -> None:
        for key in keys:
            record = records.get(key)
            if record is not None:
                record.lifecycle.apply(HostRecovered(clock.now()))
                queue.add(key)

    intake = Intake(records, queue, admission, clock, hosts)
    verification = Verification(
        transport=transport,
        admission=admission,
        clock=clock,
        metrics=metrics,
        wake=wake,
        guard=base.guard,
    )
    refreshing = Refreshing(api, transport, hosts, clock, metrics)
    logging_in = LoggingIn(
        minting=Minting(transport, hosts, clock, refreshing),
        admission=admission,
        clock=clock,
        metrics=metrics,
        wake=wake,
        guard=base.guard,
    )
    restoring = Restoring(api, records, hosts)
    passes = Passes(
        records=records,
        queue=queue,
        clock=clock,
        metrics=metrics,
        sourcing=Sourcing(api, records, clock),
        restoring=restoring,
        logging_in=logging_in,
        verification=verification,
        publishing=Publishing(api, records, clock, metrics, Pruning(api)),
        reporting=Reporting(api, clock, metrics, transport),
        deletion=Deletion(api, records, restoring, verification, queue, clock, metrics),
        restarter=WorkloadRestarter(api, records, metrics, is_enabled=settings.restart_workloads),
        forget=intake.forget,
    )
    operator = Operator(
        clock=clock,
        api=api,
        http=base.http,
        records=records,
        queue=queue,
        admission=admission,
        intake=intake,
        passes=passes,
        metrics=metrics,
        offsets=transport.offsets,
    )
    metrics.read_from(
        Sources(
            snapshots=operator.snapshots,
            queue_depth=lambda: queue.depth,
            login_budgets=lambda: admission.used_shares(clock.now()),
        )
    )
    return operator
