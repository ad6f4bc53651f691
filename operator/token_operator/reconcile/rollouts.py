"""Restarting workloads that cannot read their files again.

Only when the token in the targets is another one than before, once for each, and
once for all connections that serve the workload and renew at about the same time.
What an operator did not come to do before its end is noted on the workload itself:
there stands the token it was last restarted for.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from token_operator.cluster.api import Api, ApiError, ApiUnavailableError
from token_operator.cluster.workloads import SeenWorkload, read_workload, restart_workload
from token_operator.domain.connection import ConnectionKey, Workload
from token_operator.reconcile.record import Record
from token_operator.reconcile.records import Records
from token_operator.telemetry.metrics import Metrics, WriteResult, Written

logger = logging.getLogger(__name__)

# So long after the token changed, so that connections that renew together restart once.
GATHER: Final = timedelta(seconds=5)
AFTER_FAILURE: Final = timedelta(seconds=30)


@dataclass(slots=True)
class Rollouts:
    """Restarts the workloads of a connection after its token has changed."""

    api: Api
    records: Records
    metrics: Metrics
    is_enabled: bool

    async def restart(self, record: Record, now: datetime) -> None:
        """Restart what the connection names, if that is due."""
        if record.connection.suspend:
            return
        if not self.is_enabled:
            tell_of_the_flag(record)
            return
        record.looked_at.intersection_update(record.connection.restart_workloads)
        if record.restart_at is None and self._some_are_unlooked_at(record):
            record.restart_at = now + GATHER
        if record.restart_at is None or now < record.restart_at:
            return
        is_another, record.token_is_another = record.token_is_another, False
        record.restart_at = None
        for workload in record.connection.restart_workloads:
            if is_another or workload not in record.looked_at:
                await self._restart_or_tell(record, workload, now, is_another=is_another)

    def _some_are_unlooked_at(self, record: Record) -> bool:
        """Whether a restart may be missing from before the operator knew of it."""
        named = set(record.connection.restart_workloads)
        return bool(record.served) and not named <= record.looked_at

    async def _restart_or_tell(
        self, record: Record, workload: Workload, now: datetime, *, is_another: bool
    ) -> None:
        what = f"{workload.kind} {workload.name}"
        try:
            problem = await self._restart_one(record, workload, is_another=is_another)
        except ApiUnavailableError as error:
            logger.warning("%s could not be restarted: %s", what, error)
            self.metrics.write(resource=Written.WORKLOAD, result=WriteResult.FAILURE)
            record.restart_at = now + AFTER_FAILURE
            record.token_is_another = record.token_is_another or is_another
            return
        except ApiError as error:
            self.metrics.write(resource=Written.WORKLOAD, result=WriteResult.FAILURE)
            problem = f"may not be restarted ({error.status} {error.reason})"
        record.looked_at.add(workload)
        record.outbox.announce_once(
            what, "WorkloadNotRestarted", f"{what} {problem}." if problem else ""
        )

    async def _restart_one(self, record: Record, workload: Workload, *, is_another: bool) -> str:
        """Restart a workload; return why it is not restarted, empty where all is well."""
        namespace = record.key.namespace
        seen = await read_workload(self.api, namespace, workload)
        if seen is None or seen.is_being_deleted:
            return "does not exist" if is_another else ""
        noted = seen.restarted_for.get(record.key.name)
        is_missing = is_another or noted is not None
        if noted == record.served or not is_missing:
            return ""
        problem = _problem_of(seen)
        if problem:
            return problem
        tokens = self._kept(namespace, seen) | self._tokens(record, workload)
        await restart_workload(self.api, namespace, workload, seen.uid, tokens)
        self.metrics.write(resource=Written.WORKLOAD, result=WriteResult.SUCCESS)
        told = f"{workload.kind} {workload.name} is restarted, as the token has changed."
        record.outbox.announce("WorkloadRestarted", told)
        return ""

    def _kept(self, namespace: str, seen: SeenWorkload) -> dict[str, str]:
        """Return what a workload says of connections, but for those that are gone."""
        return {
            name: token
            for name, token in seen.restarted_for.items()
            if self.records.get(ConnectionKey(namespace, name)) is not None
        }

    def _tokens(self, record: Record, workload: Workload) -> dict[str, str]:
        """Return by name what all connections have written that serve a workload."""
        return {
            one.key.name: one.served
            for one in self.records
            if one.key.namespace == record.key.namespace
            and one.served
            and workload in one.connection.restart_workloads
        }


def served_by(record: Record) -> str:
    """Return what stands for the token that the targets hold: its fingerprint's digits.

    While a target could not be written, there are two tokens, and a sign between them.
    """
    targets = (record.targets.get(one.secret_name) for one in record.connection.targets)
    held = {one.fingerprint.rpartition(":")[2] for one in targets if one is not None}
    return "+".join(sorted(held - {""}))


def note_served(record: Record, now: datetime) -> None:
    """Note which token the targets hold now: another one than before is worth a restart."""
    served = served_by(record)
    if not served:
        return
    is_another = record.served not in ("", served)
    if is_another and record.connection.restart_workloads and not record.token_is_another:
        record.token_is_another = True
        record.restart_at = now + GATHER
    record.served = served


def _problem_of(seen: SeenWorkload) -> str:
    if seen.is_paused:
        return "is paused and is not restarted"
    if seen.keeps_pods:
        return "has the update strategy OnDelete and is not restarted"
    return ""


def tell_of_the_flag(record: Record) -> None:
    """Tell once that no workload is restarted, where the connection names some."""
    named = ", ".join(f"{one.kind} {one.name}" for one in record.connection.restart_workloads)
    told = (
        f"{named} will not be restarted: the operator runs without --restart-workloads "
        "(restartWorkloads in the values of the chart)."
    )
    record.outbox.announce_once("restarts", "WorkloadNotRestarted", told if named else "")
