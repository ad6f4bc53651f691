"""Writing the targets of one connection."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from token_operator.clock import Clock
from token_operator.cluster.api import Api, ApiError, ConflictError, ForbiddenError, NotFoundError
from token_operator.cluster.secrets import (
    Secret,
    create_secret,
    delete_secret,
    patch_secret,
    read_secret,
    strip_secret,
)
from token_operator.domain.connection import Connection, Target
from token_operator.domain.failures import (
    FailureError,
    SpecInvalidError,
    TargetConflictError,
    TargetForbiddenError,
    TargetImmutableError,
    TargetNotOwnedError,
)
from token_operator.domain.observation import Observation
from token_operator.domain.ownership import Ownership, SecretMeta, owner_name, ownership_of
from token_operator.reconcile.intake import is_newer
from token_operator.reconcile.planning import Plan, is_as_desired, plan_for
from token_operator.reconcile.record import Record, TargetRecord
from token_operator.reconcile.records import Records
from token_operator.telemetry.metrics import Metrics, WriteResult, Written

logger = logging.getLogger(__name__)

# A target that was refused is looked at again this often.
LOOK_AGAIN: Final = timedelta(seconds=30)
AFTER_CONFLICT: Final = timedelta(seconds=1)


@dataclass(slots=True)
class Publishing:
    """Writes targets, one request each where nobody interferes."""

    api: Api
    records: Records
    clock: Clock
    metrics: Metrics

    def some_differ(self, record: Record, seen: Observation) -> bool:
        """Whether a target does not hold what it should, and may be written now."""
        return bool(self._pending(record, seen)) or bool(self._outdated(record, seen.now))

    def _pending(self, record: Record, seen: Observation) -> list[Plan]:
        plans = []
        for target in record.connection.targets:
            known = record.target(target.secret_name)
            if known.look_again_at is not None and seen.now < known.look_again_at:
                continue
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
            return plan_for(target, record, seen)
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
        """Return when a refused target wants another look."""
        waits = [one.look_again_at for one in record.targets.values() if one.look_again_at]
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
                await self._prune(record, name)
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
        self._note(record, plan, known, meta)
        if was_there:
            record.tell("TargetRepaired", f"Secret {name} was gone and is written again.")

    async def _write_over(self, record: Record, plan: Plan, known: TargetRecord) -> None:
        """Write a target that is there, if it is ours; leave it where it is as it should be."""
        namespace, name = plan.desired.key.namespace, plan.desired.key.name
        secret = record.found.pop(name, None) or await read_secret(self.api, namespace, name)
        if secret is None:
            await self._write_absent(record, plan, known)
            return
        refuse_if_not_ours(secret, record.connection)
        if is_as_desired(secret, plan):
            self._confirm(record, plan, known, secret)
            return
        was_edited = known.digest == plan.digest
        self._note(record, plan, known, await patch_secret(self.api, plan.desired, secret.meta))
        if was_edited:
            record.tell("TargetRepaired", f"Secret {name} was edited and is written again.")

    async def _write_absent(self, record: Record, plan: Plan, known: TargetRecord) -> None:
        if plan.desired.entries:
            self._note(record, plan, known, await create_secret(self.api, plan.desired))
            return
        known.digest, known.entries, known.is_stale = plan.digest, (), False

    def _note(self, record: Record, plan: Plan, known: TargetRecord, meta: SecretMeta) -> None:
        self.metrics.write(resource=Written.SECRET, result=WriteResult.SUCCESS)
        known.written_at = self.clock.now()
        self._settle(record, plan, known, meta)

    def _confirm(self, record: Record, plan: Plan, known: TargetRecord, secret: Secret) -> None:
        known.written_at = known.written_at or self.clock.now()
        self._settle(record, plan, known, secret.meta)

    def _settle(self, record: Record, plan: Plan, known: TargetRecord, meta: SecretMeta) -> None:
        known.meta, known.digest, known.fingerprint = meta, plan.digest, plan.fingerprint
        known.entries = tuple(sorted(plan.desired.entries))
        told = self.records.watched.get((record.key.namespace, meta.name))
        known.is_stale = told is not None and is_newer(told, meta)

    async def _prune(self, record: Record, name: str) -> None:
        """Let go of a target that the spec no longer names; somebody else's is left alone."""
        secret = await read_secret(self.api, record.key.namespace, name)
        is_ours = secret is not None and (
            ownership_of(secret.meta, record.connection) is Ownership.OURS
        )
        if secret is not None and is_ours:
            try:
                await self._let_go(record, secret)
            except (ConflictError, NotFoundError):
                return  # it has changed since; the next turn looks again
        del record.targets[name]

    async def _let_go(self, record: Record, secret: Secret) -> None:
        name = secret.meta.name
        if secret.meta.controller is None:
            await strip_secret(self.api, record.key.namespace, secret.meta)
            record.tell("TargetPruned", f"Secret {name} is no longer a target and is kept.")
            return
        await delete_secret(self.api, record.key.namespace, secret.meta)
        record.tell("TargetPruned", f"Secret {name} is no longer a target and was deleted.")


def refuse_if_not_ours(secret: Secret, connection: Connection) -> None:
    """Raise a FailureError that says whose *secret* is, unless it is ours to write."""
    name = secret.meta.name
    match ownership_of(secret.meta, connection):
        case Ownership.SOMEBODY_ELSE:
            raise TargetNotOwnedError(f"Secret {name} exists and is not of this connection.")
        case Ownership.ANOTHER_CONNECTION:
            raise TargetConflictError(
                f"Secret {name} is a target of connection {owner_name(secret.meta)}."
            )
        case Ownership.OURS if secret.is_immutable:
            raise TargetImmutableError(f"Secret {name} is immutable.")
        case Ownership.OURS:
            return
