"""Writing the targets of one connection."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from token_operator.clock import Clock
from token_operator.cluster.api import Api, ApiError, ConflictError, ForbiddenError, NotFoundError
from token_operator.cluster.secrets import create_secret, patch_secret, read_secret
from token_operator.domain.connection import CreationPolicy, Target
from token_operator.domain.failures import (
    FailureError,
    SpecInvalidError,
    TargetForbiddenError,
    TargetMissingError,
)
from token_operator.domain.observation import Observation
from token_operator.domain.targets.desired import Plan, is_as_desired, plan_for
from token_operator.domain.targets.known import TargetRecord
from token_operator.domain.targets.removals import without_leftovers
from token_operator.domain.targets.secret import Secret, SecretMeta, is_newer
from token_operator.domain.targets.writable import refuse_unless_writable
from token_operator.domain.workload_restarts import mark_of
from token_operator.reconcile.merging import is_merged, merge_into
from token_operator.reconcile.pruning import Pruning, merged_policy
from token_operator.reconcile.record import Record
from token_operator.reconcile.records import Records
from token_operator.reconcile.telling import observe_margin, tell_of_write
from token_operator.telemetry.metrics import Metrics, WriteResult, Written

logger = logging.getLogger(__name__)

# A target that was refused is looked at again this often.
LOOK_AGAIN: Final = timedelta(seconds=30)
AFTER_CONFLICT: Final = timedelta(seconds=1)
# A Secret of which no watch tells is read again at least this often.
REREAD_AT_LEAST: Final = timedelta(minutes=5)


@dataclass(slots=True)
class Publishing:
    """Writes targets, one request each where nobody interferes."""

    api: Api
    records: Records
    clock: Clock
    metrics: Metrics
    pruning: Pruning

    def some_differ(self, record: Record, seen: Observation) -> bool:
        """Whether a target does not hold what it should, and may be written now."""
        return bool(self._pending(record, seen)) or bool(self._outdated(record, seen.now))

    def _pending(self, record: Record, seen: Observation) -> list[Plan]:
        plans = []
        for target in record.connection.targets:
            known = record.target(target.secret_name)
            known.merged = known.merged and (merged_policy(target) or known.merged)
            if known.look_again_at is not None and seen.now < known.look_again_at:
                continue
            if known.reread_at is not None and seen.now >= known.reread_at:
                known.is_stale, known.reread_at = True, None
            plan = self._plan_or_failure(target, record, seen)
            if plan is None:
                continue
            if known.is_stale or known.digest != plan.digest:
                plans.append(plan)
            else:  # whatever was refused is not asked for any more
                known.failure, known.look_again_at = None, None
        return plans

    def _plan_or_failure(self, target: Target, record: Record, seen: Observation) -> Plan | None:
        try:
            return plan_for(target, record.target(target.secret_name), seen)
        except FailureError as failure:
            self._refuse(record.target(target.secret_name), failure, seen.now)
            return None

    def _outdated(self, record: Record, now: datetime) -> list[str]:
        """Return the names of targets that were written once and are no longer in the spec."""
        wanted = {target.secret_name for target in record.connection.targets}
        return [
            name
            for name, known in record.targets.items()
            if name not in wanted and (known.look_again_at is None or now >= known.look_again_at)
        ]

    def next_look(self, record: Record) -> datetime | None:
        """Return when a target wants another look: a refused one, or one that is not watched."""
        waits = [
            at
            for one in record.targets.values()
            for at in (one.look_again_at, one.reread_at)
            if at is not None
        ]
        return min(waits, default=None)

    def failure_of(self, record: Record) -> FailureError | None:
        """Return what keeps a target from being written; None where nothing does."""
        failures = (record.target(one.secret_name).failure for one in record.connection.targets)
        return next((one for one in failures if one is not None), None)

    async def publish(self, record: Record, seen: Observation) -> None:
        """Write every target that differs; a refused one does not hold up the others."""
        for plan in self._pending(record, seen):
            known = record.target(plan.target.secret_name)
            known.failure, known.look_again_at = None, None
            try:
                await self._write(record, plan, known)
            except FailureError as failure:
                self.metrics.write(resource=Written.SECRET, result=WriteResult.FAILURE)
                self._refuse(known, failure, seen.now)
            except ConflictError:  # somebody writes it at the same time
                known.is_stale, known.look_again_at = True, seen.now + AFTER_CONFLICT
        for name in self._outdated(record, seen.now):
            try:
                await self.pruning.prune(record, name)
            except ApiError as error:  # what is left over keeps nothing else from being done
                logger.warning("Secret %s could not be let go: %s", name, error)
                record.targets[name].look_again_at = seen.now + LOOK_AGAIN

    def _refuse(self, known: TargetRecord, failure: FailureError, now: datetime) -> None:
        known.failure = failure
        known.look_again_at = now + LOOK_AGAIN

    async def _write(self, record: Record, plan: Plan, known: TargetRecord) -> None:
        name = plan.target.secret_name
        try:
            await self._write_twice(record, plan, known)
        except ConflictError:
            raise
        except ForbiddenError as error:
            if not error.is_terminating:
                raise TargetForbiddenError(f"Secret {name} may not be written.") from None
            known.look_again_at = self.clock.now() + LOOK_AGAIN
        except NotFoundError:  # the namespace is gone
            known.look_again_at = self.clock.now() + LOOK_AGAIN
        except ApiError as error:
            raise SpecInvalidError(
                f"The API server refused Secret {name} ({error.status} {error.reason})."
            ) from None

    async def _write_twice(self, record: Record, plan: Plan, known: TargetRecord) -> None:
        try:
            await self._write_or_conflict(record, plan, known)
        except ConflictError:
            self.metrics.write(resource=Written.SECRET, result=WriteResult.CONFLICT)
            await self._write_over(record, plan, known)  # it has changed since

    async def _write_or_conflict(self, record: Record, plan: Plan, known: TargetRecord) -> None:
        if _is_merge(plan) or plan.desired.dropped_labels or plan.desired.dropped_annotations:
            await self._write_over(record, plan, known)  # who wrote what is to be known first
            return
        if known.meta is None or known.is_stale:
            await self._write_unseen(record, plan, known)
            return
        try:
            self._note(record, plan, known, await patch_secret(self.api, plan.desired, known.meta))
        except NotFoundError:
            await self._write_unseen(record, plan, known)

    async def _write_unseen(self, record: Record, plan: Plan, known: TargetRecord) -> None:
        """Write a target whose present content is not known: usually it is not there."""
        namespace, name = plan.desired.key.namespace, plan.desired.key.name
        if (namespace, name) in self.records.watched or not plan.desired.entries:
            await self._write_over(record, plan, known)
            return
        try:
            meta = await create_secret(self.api, plan.desired)
        except ConflictError:
            await self._write_over(record, plan, known)
            return
        was_there = known.written_at is not None
        if was_there:
            record.outbox.announce(
                "TargetRepaired", f"Secret {name} was gone and is written again."
            )
        self._note(record, plan, known, meta, is_repair=was_there)

    async def _write_over(self, record: Record, plan: Plan, known: TargetRecord) -> None:
        """Write a target that is there, if it is ours; leave it where it is as it should be."""
        namespace, name = plan.desired.key.namespace, plan.desired.key.name
        secret = record.found.pop(name, None) or await read_secret(self.api, namespace, name)
        if secret is None:
            await self._write_absent(record, plan, known)
            return
        readers = self.records.reading((namespace, name))
        refuse_unless_writable(secret, plan.target, record.connection, readers)
        held = record.state.held
        if held is not None:
            plan = without_leftovers(plan, secret, known, held.token.value)
        if self._is_as_desired(record, plan, secret):
            self._confirm(record, plan, known, secret)
            return
        was_edited = known.digest == plan.digest
        self._note(record, plan, known, await self._send(record, plan, secret))
        if was_edited:
            record.outbox.announce(
                "TargetRepaired", f"Secret {name} was edited and is written again."
            )

    def _is_as_desired(self, record: Record, plan: Plan, secret: Secret) -> bool:
        if _is_merge(plan):
            return is_merged(secret, plan, record.connection)
        return is_as_desired(secret, plan)

    async def _send(self, record: Record, plan: Plan, secret: Secret) -> SecretMeta:
        if _is_merge(plan):
            return await merge_into(self.api, secret, plan, record.connection)
        return await patch_secret(self.api, plan.desired, secret.meta)

    async def _write_absent(self, record: Record, plan: Plan, known: TargetRecord) -> None:
        if plan.desired.entries and _is_merge(plan):
            raise TargetMissingError(f"Secret {plan.desired.key.name} does not exist.")
        if plan.desired.entries:
            self._note(record, plan, known, await create_secret(self.api, plan.desired))
            return
        known.digest, known.entries, known.is_stale = plan.digest, (), False

    def _note(
        self,
        record: Record,
        plan: Plan,
        known: TargetRecord,
        meta: SecretMeta,
        *,
        is_repair: bool = False,
    ) -> None:
        self.metrics.write(resource=Written.SECRET, result=WriteResult.SUCCESS)
        known.written_at = self.clock.now()
        observe_margin(record, plan, self.metrics, known.written_at)
        if not is_repair:
            tell_of_write(record, plan, known)
        self._settle(record, plan, known, meta)

    def _confirm(self, record: Record, plan: Plan, known: TargetRecord, secret: Secret) -> None:
        known.written_at = known.written_at or self.clock.now()
        self._settle(record, plan, known, secret.meta)

    def _settle(self, record: Record, plan: Plan, known: TargetRecord, meta: SecretMeta) -> None:
        known.meta, known.digest, known.fingerprint = meta, plan.digest, plan.fingerprint
        self._serve(record)
        known.entries, known.asked = tuple(sorted(plan.desired.entries)), plan.target
        known.merged = merged_policy(plan.target)
        told = self.records.watched.get((record.key.namespace, meta.name))
        known.is_stale = told is not None and is_newer(told, meta)
        is_unwatched = _is_merge(plan) and told is None
        interval = record.connection.token.verify_interval or REREAD_AT_LEAST
        pause = min(interval, REREAD_AT_LEAST)
        known.reread_at = self.clock.now() + pause if is_unwatched else None

    def _serve(self, record: Record) -> None:
        """Record which token the targets hold now."""
        connection = record.connection
        known = (record.targets.get(one.secret_name) for one in connection.targets)
        mark = mark_of({one.fingerprint for one in known if one is not None})
        record.restarts.serve(mark, connection.restart_workloads, self.clock.now())


def _is_merge(plan: Plan) -> bool:
    return plan.target.creation_policy is CreationPolicy.MERGE
