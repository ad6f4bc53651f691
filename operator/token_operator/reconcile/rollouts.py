"""Restarting workloads that cannot read their files again.

Only when the token in the targets is another one than before, once for each, and
once for all connections that serve the workload and renew at about the same time.
"""

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from token_operator.cluster.api import Api, ApiError, ApiUnavailableError
from token_operator.cluster.workloads import SeenWorkload, read_workload, restart_workload
from token_operator.domain.connection import Workload
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
        if record.restart_at is None or now < record.restart_at or record.connection.suspend:
            return
        record.restart_at = None
        workloads = record.connection.restart_workloads
        if not self.is_enabled and workloads:
            told = "spec.restartWorkloads has no effect: the operator runs without"
            record.tell_once("restarts", "WorkloadNotRestarted", f"{told} --restart-workloads.")
            return
        for workload in workloads:
            await self._restart_or_tell(record, workload, now)

    async def _restart_or_tell(self, record: Record, workload: Workload, now: datetime) -> None:
        what = f"{workload.kind} {workload.name}"
        try:
            problem = await self._restart_one(record, workload)
        except ApiUnavailableError as error:
            logger.warning("%s could not be restarted: %s", what, error)
            self.metrics.write(resource=Written.WORKLOAD, result=WriteResult.FAILURE)
            record.restart_at = now + AFTER_FAILURE
            return
        except ApiError as error:
            self.metrics.write(resource=Written.WORKLOAD, result=WriteResult.FAILURE)
            problem = f"may not be restarted ({error.status} {error.reason})"
        record.tell_once(what, "WorkloadNotRestarted", f"{what} {problem}." if problem else "")

    async def _restart_one(self, record: Record, workload: Workload) -> str:
        """Restart a workload; return why it is not restarted, empty where all is well."""
        namespace = record.key.namespace
        mark = self._mark(namespace, workload)
        seen = await read_workload(self.api, namespace, workload)
        if seen is None or seen.is_being_deleted:
            return "does not exist"
        problem = _problem_of(seen)
        if problem or seen.restarted_for == mark:
            return problem
        await restart_workload(self.api, namespace, workload, seen.uid, mark)
        self.metrics.write(resource=Written.WORKLOAD, result=WriteResult.SUCCESS)
        told = f"{workload.kind} {workload.name} is restarted, as the token has changed."
        record.tell("WorkloadRestarted", told)
        return ""

    def _mark(self, namespace: str, workload: Workload) -> str:
        """Return what stands for the tokens that all connections have written for a workload."""
        served = sorted(
            f"{one.key.name} {one.served}"
            for one in self.records
            if one.key.namespace == namespace and workload in one.connection.restart_workloads
        )
        return hashlib.sha256("\n".join(served).encode()).hexdigest()[:16]


def note_served(record: Record, fingerprint: str, now: datetime) -> None:
    """Note which token the targets hold now: another one than before is worth a restart."""
    if not fingerprint:
        return
    is_another = record.served not in ("", fingerprint)
    if is_another and record.connection.restart_workloads and record.restart_at is None:
        record.restart_at = now + GATHER
    record.served = fingerprint


def _problem_of(seen: SeenWorkload) -> str:
    if seen.is_paused:
        return "is paused and is not restarted"
    if seen.keeps_pods:
        return "has the update strategy OnDelete and is not restarted"
    return ""
