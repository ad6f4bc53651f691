"""One pass over one connection: observe, decide, act, until there is nothing to do."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from token_operator.clock import Clock
from token_operator.cluster.api import ApiError, ApiUnavailableError
from token_operator.domain.conditions import READY
from token_operator.domain.connection import ConnectionKey
from token_operator.domain.decision import (
    Decision,
    Keep,
    Publish,
    Refuse,
    Renew,
    Revoke,
    Verify,
    Wait,
)
from token_operator.domain.failures import FailureClass
from token_operator.domain.lifecycle import HELD_UP_PAUSE, Steps, ends_the_pass
from token_operator.domain.observation import Observation
from token_operator.domain.workload_restarts import mark_of
from token_operator.reconcile.deferral import Progress
from token_operator.reconcile.deletion import Deletion
from token_operator.reconcile.logging_in import LoggingIn
from token_operator.reconcile.observing import Observing
from token_operator.reconcile.queue import KeyedQueue
from token_operator.reconcile.record import Record
from token_operator.reconcile.records import Records
from token_operator.reconcile.reporting import Reporting
from token_operator.reconcile.restoring import Restoring
from token_operator.reconcile.sessions import Sessions
from token_operator.reconcile.sourcing import Sourcing, record_basis
from token_operator.reconcile.target_writes import TargetWrites
from token_operator.reconcile.workload_restarts import WorkloadRestarter
from token_operator.telemetry.metrics import Metrics, PassResult

logger = logging.getLogger(__name__)

# After an API server failure a pass is tried again after 1, 2, 4 ... seconds.
API_RETRY_FIRST: Final = timedelta(seconds=1)
API_RETRY_CAP: Final = timedelta(seconds=30)
MAX_DOUBLINGS: Final = 10


@dataclass(slots=True)
class Passes:
    """Runs passes. The parts do the work; here is the order in which they do it."""

    records: Records
    queue: KeyedQueue[ConnectionKey]
    clock: Clock
    metrics: Metrics
    sourcing: Sourcing
    observing: Observing
    restoring: Restoring
    logging_in: LoggingIn
    sessions: Sessions
    target_writes: TargetWrites
    reporting: Reporting
    deletion: Deletion
    restarter: WorkloadRestarter
    forget_and_clean_up: Callable[[ConnectionKey], None]

    async def run(self, key: ConnectionKey) -> None:
        """Run one pass; whatever goes wrong is logged and tried again later."""
        left = self.records.departed.pop(key, None)
        if left is not None:
            await self._clean_up(left)
        record = self.records.get(key)
        if record is None:
            return
        started = self.clock.monotonic()
        try:
            result = await self._pass(record)
        except (ApiUnavailableError, ApiError) as error:
            self._retry(record, error)
            result = PassResult.TRANSIENT
        except Exception:
            logger.exception("Reconcile failed.", extra={"connection": key})
            self._retry(record, None)
            result = PassResult.ERROR
        self.metrics.pass_done(result=result, seconds=self.clock.monotonic() - started)

    async def _clean_up(self, left: Record) -> None:
        """Take out what a connection that is gone has merged: tried once."""
        try:
            await self.target_writes.remove_merged_entries(left.connection)
        except Exception:
            logger.exception("The last reconcile failed.", extra={"connection": left.key})

    def _retry(self, record: Record, error: Exception | None) -> None:
        if error is not None:
            logger.warning("The API server failed: %s", error, extra={"connection": record.key})
        failures = min(record.pacing.fail(), MAX_DOUBLINGS)
        pause = min(API_RETRY_FIRST * (1 << failures), API_RETRY_CAP)
        self.queue.schedule(record.key, self.clock.monotonic() + pause.total_seconds())

    async def _pass(self, record: Record) -> PassResult:
        if record.connection.is_being_deleted:
            await self.deletion.revoke_and_remove_finalizer(record)
            await self.reporting.post(record)
            return PassResult.SUCCESS
        await self.deletion.sync_finalizer(record)
        if record.state.is_cold:
            await self.restoring.restore(record)
        seen, decision = await self._take_steps(record)
        await self.restarter.restart_due(
            record.connection, record.restarts, record.outbox, self.clock.now()
        )
        if not self._has_just_begun_to_wait(record):
            await self.reporting.report(record, seen, record.targets.failure(record.connection))
        record.pacing.succeed()
        if self.records.get(record.key) is not record:
            return PassResult.SUCCESS  # another connection has taken its name, or none has it
        if record.is_gone:
            self.forget_and_clean_up(record.key)
            return PassResult.SUCCESS
        self._plan_next(record, decision, seen.now)
        self._log(record, decision)
        return result_of(record)

    def _has_just_begun_to_wait(self, record: Record) -> bool:
        """Whether the connection waits for its turn: usually too short to be worth a write."""
        since = record.pacing.waiting_since
        return since is not None and self.clock.monotonic() < since + HELD_UP_PAUSE.total_seconds()

    async def _take_steps(self, record: Record) -> tuple[Observation, Decision]:
        """Decide and act in steps until the decision is to wait."""
        steps = Steps(record.lifecycle.rules)
        while True:
            if self.sourcing.reading_is_due(record):
                await self.sourcing.read_and_record(record)
            now = self.clock.now()
            record_basis(record, now)
            record.account.follow(record.state.held, record.targets.all_fingerprints(), now)
            seen = self.observing.observe(record)
            decision = steps.next(seen)
            if ends_the_pass(decision):
                break
            if await self._act(record, seen, decision) is Progress.HELD_UP:
                steps.hold_up()
                record.pacing.wait(self.clock.monotonic())
            else:
                record.pacing.proceed()
        if steps.is_exhausted:
            logger.warning(
                "Reconcile did not converge after %d steps.",
                steps.taken,
                extra={"connection": record.key},
            )
        elif not steps.is_held_up:
            record.pacing.proceed()
        return seen, decision

    async def _act(self, record: Record, seen: Observation, decision: Decision) -> Progress:
        """Carry out *decision*."""
        match decision:
            case Renew(reason):
                return await self._renew(record, reason)
            case Verify(verifier):
                return await self.sessions.verify(record, verifier)
            case Revoke():
                await self.sessions.revoke(record)
            case Publish():
                await self._write_targets(record, seen)
            case Keep() | Wait() | Refuse():
                pass
        return Progress.CONTINUES

    async def _write_targets(self, record: Record, seen: Observation) -> None:
        named = record.connection.restart_workloads
        async for settled in self.target_writes.carry_out(record.targets, seen, record.outbox):
            if settled.is_write and settled.plan.fingerprint:
                self._record_renewal_margin(record, settled.at)
            mark = mark_of(record.targets.fingerprints(record.connection))
            record.restarts.record_token(mark, named, settled.at)

    def _record_renewal_margin(self, record: Record, now: datetime) -> None:
        """Record the life that the replaced token had left when its successor was written."""
        margin = record.account.take_margin(now)
        if margin is not None:
            self.metrics.renewal_margin(seconds=margin.total_seconds())

    async def _renew(self, record: Record, reason: str) -> Progress:
        if record.sources is None:
            await self.sourcing.read_and_record(record)
        if record.sources is None:
            return Progress.CONTINUES  # the state holds the reason
        return await self.logging_in.log_in(record, record.sources, reason)

    def _plan_next(self, record: Record, decision: Decision, now: datetime) -> None:
        instants = [decision.until] if ends_the_pass(decision) else []
        restart_at = record.restarts.due_at
        if restart_at is not None and restart_at > now:
            instants.append(restart_at)
        until = min((at for at in instants if at is not None), default=None)
        if until is None:
            self.queue.schedule(record.key, None)
            return
        pause = max((until - self.clock.now()).total_seconds(), 0.0)
        self.queue.schedule(record.key, self.clock.monotonic() + pause)

    def _log(self, record: Record, decision: Decision) -> None:
        ready = record.status.condition(READY)
        extra = {
            "connection": record.key,
            "decision": type(decision).__name__,
            "reason": ready.reason if ready is not None else "",
        }
        logger.debug("Reconciled.", extra=extra)


def result_of(record: Record) -> PassResult:
    """Return how the pass ended, for the metrics."""
    failure = record.status.failure
    if failure is None:
        return PassResult.SUCCESS
    return PassResult.of(FailureClass(failure.failure_class))
