"""Carrying out what was decided about each target: one request each where nobody interferes."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from token_operator.clock import Clock
from token_operator.cluster.api import (
    ApiError,
    ApiUnavailableError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
)
from token_operator.domain.connection import Connection, Target
from token_operator.domain.failures import FailureError, TargetForbiddenError
from token_operator.domain.observation import Observation
from token_operator.domain.outbox import Outbox
from token_operator.domain.targets.actions import (
    Action,
    Apply,
    BackOff,
    Confirm,
    Create,
    Delete,
    EndRefusal,
    Forget,
    HandBack,
    Patch,
    Read,
    RefuseTarget,
    Strip,
    TakeOut,
    Write,
    is_repair,
)
from token_operator.domain.targets.announcements import (
    announce_contest,
    announce_prune,
    announce_written,
)
from token_operator.domain.targets.decision import decide_target
from token_operator.domain.targets.desired import plan_for
from token_operator.domain.targets.former import entries_to_take_out
from token_operator.domain.targets.known_target import Settled
from token_operator.domain.targets.known_targets import KnownTargets
from token_operator.domain.targets.observation import Absence, TargetObservation
from token_operator.domain.targets.plan import Plan, is_taken_out
from token_operator.domain.targets.refused_write import RefusedField, refused_write
from token_operator.domain.targets.secret import Secret, SecretMeta, is_newer
from token_operator.reconcile.records import Records
from token_operator.reconcile.target_requests import Prune, TargetRequests
from token_operator.telemetry.metrics import Metrics, WriteResult, Written

logger = logging.getLogger(__name__)

# A target that was refused is looked at again this often.
LOOK_AGAIN: Final = timedelta(seconds=30)
AFTER_CONFLICT: Final = timedelta(seconds=1)
# A Secret that no watch shows is read again at least this often.
REREAD_AT_LEAST: Final = timedelta(minutes=5)


@dataclass(slots=True)
class Work:
    """One target while it is worked on, with the parts of the record that this changes."""

    seen: TargetObservation
    targets: KnownTargets
    outbox: Outbox
    had_conflict: bool = False
    # It was changed concurrently: what was seen of it no longer holds.
    must_read: bool = False

    @property
    def is_unread(self) -> bool:
        """Whether the content of the Secret is not known."""
        return self.seen.secret is Absence.NOT_READ


@dataclass(slots=True)
class TargetWrites:
    """Observes the targets of a connection, and carries out what is decided about them."""

    requests: TargetRequests
    records: Records
    clock: Clock
    metrics: Metrics

    def observe(self, targets: KnownTargets, seen: Observation) -> tuple[TargetObservation, ...]:
        """Return what is seen of all targets, those in the spec first; nothing is changed."""
        wanted = [self._observe_wanted(target, targets, seen) for target in seen.connection.targets]
        former = [
            TargetObservation(
                now=seen.now,
                connection=seen.connection,
                name=name,
                is_in_spec=False,
                known=targets.of(name),
            )
            for name in targets.former(seen.connection)
        ]
        return (*wanted, *former)

    def _observe_wanted(
        self, target: Target, targets: KnownTargets, seen: Observation
    ) -> TargetObservation:
        name = target.secret_name
        place, known = (seen.connection.key.namespace, name), targets.of(name)
        plan, refusal = None, None
        try:
            plan = plan_for(target, known, seen)
        except FailureError as failure:
            refusal = failure
        return TargetObservation(
            now=seen.now,
            connection=seen.connection,
            name=name,
            is_in_spec=True,
            plan=plan,
            content_problem=refusal,
            known=known,
            is_watched=place in self.records.watched,
            readers=self.records.reading(place),
        )

    async def carry_out(
        self, targets: KnownTargets, seen: Observation, outbox: Outbox
    ) -> AsyncIterator[Settled]:
        """Carry out what is decided about every target; yield each that holds what it should.

        A target that is refused does not hold up the others. Raise ApiUnavailableError.
        """
        for one in seen.targets:
            # It may have changed while another target was written.
            work = Work(replace(one, known=targets.of(one.name)), targets, outbox)
            settled = await self._finish(work)
            if settled is not None:
                targets.settle(one.name, settled)
                yield settled

    async def _finish(self, work: Work) -> Settled | None:
        """Read, decide and act until nothing is left to do about a target."""
        while True:
            action = Read() if work.must_read else decide_target(work.seen)
            try:
                if not isinstance(action, Read):
                    return await self._act(work, action)
                await self._read(work)
            except ApiError as error:
                if not self._recover(work, action, error):
                    return None

    async def _read(self, work: Work) -> None:
        """Look at the content: as a restart found it, where it did, else as it is now."""
        seen, work.must_read = work.seen, False
        secret: Secret | Absence | None = seen.known.found
        if secret is None:
            secret = await self.requests.read(seen.connection, seen.name)
        work.seen = replace(seen, secret=secret, known=replace(seen.known, found=None))

    async def _act(self, work: Work, action: Action) -> Settled | None:
        match action:
            case Create(plan) | Patch(plan) | Apply(plan) | HandBack(Apply(plan)):
                return await self._write(work, action, plan)
            case Confirm(plan, SecretMeta() as meta):
                return self._settled(work, plan, meta, is_write=False)
            case Delete() | Strip() | TakeOut():
                await self._prune(work, action)
            case _:
                self._note(work, action)
        return None

    def _note(self, work: Work, action: Action) -> None:
        """Remember what is decided without a request."""
        name, targets = work.seen.name, work.targets
        match action:
            case RefuseTarget(failure):
                self._record_refusal(work, failure)
            case BackOff(failure, until):
                targets.back_off(name, failure, until)
                announce_contest(work.outbox, name, failure, targets.of(name).repairs)
            case Confirm(plan, None):
                targets.settle_absent(name, plan)
            case EndRefusal():
                targets.end_refusal(name)
            case Forget():
                targets.forget(name)
            case _:
                pass

    async def _write(self, work: Work, action: Write, plan: Plan) -> Settled:
        seen = work.seen
        meta = await self.requests.write(action, seen.connection)
        self.metrics.write(resource=Written.SECRET, result=WriteResult.SUCCESS)
        settled = replace(
            self._settled(work, plan, meta, is_write=True),
            is_repair=is_repair(action, seen.known.digest),
        )
        announce_written(work.outbox, action, seen.known, settled)
        return settled

    def _settled(self, work: Work, plan: Plan, meta: SecretMeta, *, is_write: bool) -> Settled:
        seen, now = work.seen, self.clock.now()
        connection = seen.connection
        shown = self.records.watched.get((connection.key.namespace, seen.name))
        interval = connection.token.verify_interval or REREAD_AT_LEAST
        is_unwatched = plan.is_merge and shown is None
        # The watch may show its deletion before the answer to the write is here.
        was_gone = work.targets.of(seen.name).times_gone != seen.known.times_gone
        return Settled(
            plan=plan,
            meta=meta,
            at=now,
            is_write=is_write,
            is_stale=was_gone or (shown is not None and is_newer(shown, meta)),
            reread_at=now + min(interval, REREAD_AT_LEAST) if is_unwatched else None,
        )

    async def _prune(self, work: Work, action: Prune) -> None:
        what = await self.requests.prune(action, work.seen.connection)
        announce_prune(work.outbox, work.seen.name, what)
        work.targets.forget(work.seen.name)

    def _record_refusal(self, work: Work, failure: FailureError) -> None:
        if not work.is_unread:
            self.metrics.write(resource=Written.SECRET, result=WriteResult.FAILURE)
        work.targets.record_refusal(work.seen.name, failure, self.clock.now() + LOOK_AGAIN)

    def _recover(self, work: Work, action: Action, error: ApiError) -> bool:
        """Have the target decided on again if that can help, else postpone or refuse it.

        Return whether it is decided on again in this pass.
        """
        if self._look_closer(work, action, error):
            return True
        self._postpone(work, action, error)
        return False

    def _look_closer(self, work: Work, action: Action, error: ApiError) -> bool:
        """Correct what was wrong about the target; return whether anything was."""
        match error:
            case ConflictError() if isinstance(action, Create) and work.is_unread:
                work.must_read = True  # the name is taken
            case NotFoundError() if isinstance(action, Patch) and work.is_unread:
                work.seen = replace(work.seen, known=replace(work.seen.known, meta=None))
            case ConflictError() if not work.had_conflict:
                self.metrics.write(resource=Written.SECRET, result=WriteResult.CONFLICT)
                work.had_conflict = work.must_read = True
            # It was deleted after it was read; a Create without a namespace ends the same way.
            case NotFoundError() if not isinstance(action, Create) and not work.had_conflict:
                work.had_conflict = work.must_read = True
            case _:
                return False
        return True

    def _postpone(self, work: Work, action: Action, error: ApiError) -> None:
        """Record when the target is looked at again, and what is wrong if its author must act."""
        name, targets = work.seen.name, work.targets
        look_again_at = self.clock.now() + LOOK_AGAIN
        match error:
            case ConflictError():
                is_undone = isinstance(action, Write) and is_repair(action, work.seen.known.digest)
                now = self.clock.now()
                repaired_at = now if is_undone else None
                targets.conflict(name, now + AFTER_CONFLICT, repaired_at=repaired_at)
            case NotFoundError() | ForbiddenError(is_terminating=True):
                targets.put_off(name, look_again_at)
            case _ if not work.seen.is_in_spec:  # a former target holds up nothing else
                logger.warning("Secret %s could not be pruned: %s", name, error)
                targets.put_off(name, look_again_at)
            case _:
                self.metrics.write(resource=Written.SECRET, result=WriteResult.FAILURE)
                targets.record_refusal(name, failure_from(error, work.seen), look_again_at)

    async def remove_merged_entries(self, connection: Connection) -> None:
        """Remove what a deleted connection merged into other Secrets: tried once."""
        for target in filter(is_taken_out, connection.targets):
            try:
                secret = await self.requests.read(connection, target.secret_name)
                action = entries_to_take_out(secret, connection)
                if action is not None:
                    await self.requests.prune(action, connection)
            except (ApiError, ApiUnavailableError) as error:
                name = target.secret_name
                logger.warning(
                    "Could not remove the entries merged into Secret %s: %s", name, error
                )


def failure_from(error: ApiError, seen: TargetObservation) -> FailureError:
    """Return what the API server's refusal of a target means for its author."""
    if isinstance(error, ForbiddenError) or seen.plan is None:
        return TargetForbiddenError(f"Secret {seen.name} may not be written.")
    fields = [RefusedField(cause.field, cause.reason) for cause in error.causes]
    return refused_write(seen.plan, f"{error.status} {error.reason}", fields)
