"""Restarting workloads that cannot read their files again.

Only when the token in the targets is another one than before, once for each, and once for all
connections that serve the workload and renew at about the same time. The workload itself shows
the token that it was last restarted for, so that an operator finishes what the one before it
did not come to do.
"""

import contextlib
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from token_operator.cluster.api import Api, ApiError, ApiUnavailableError, ConflictError
from token_operator.cluster.workloads import SeenWorkload, read_workload, restart_workload
from token_operator.domain.connection import Connection, ConnectionKey, Workload
from token_operator.domain.outbox import Outbox
from token_operator.domain.workload_restarts import WorkloadRestarts
from token_operator.reconcile.records import Records
from token_operator.telemetry.metrics import Metrics, WriteResult, Written

logger = logging.getLogger(__name__)

# So often a workload is read that changes between the reading and the patch.
_READINGS: Final = 3


@dataclass(frozen=True, slots=True)
class Restart:
    """One round of restarts for one connection; *token_has_changed* since the last round."""

    connection: Connection
    pending: WorkloadRestarts
    outbox: Outbox
    token_has_changed: bool


@dataclass(slots=True)
class WorkloadRestarter:
    """Restarts the workloads of a connection after its token has changed."""

    api: Api
    records: Records
    metrics: Metrics
    is_enabled: bool

    async def restart_due(
        self, connection: Connection, pending: WorkloadRestarts, outbox: Outbox, now: datetime
    ) -> None:
        """Restart the workloads that the connection names, where that is due."""
        if connection.suspend:
            return
        if not self.is_enabled:
            announce_disabled(connection, outbox)
            return
        named = connection.restart_workloads
        pending.plan(named, now)
        turn = Restart(connection, pending, outbox, pending.token_has_changed)
        for workload in pending.begin(named, now):
            await self._restart_or_announce(turn, workload, now)

    async def _restart_or_announce(self, turn: Restart, workload: Workload, now: datetime) -> None:
        what = f"{workload.kind} {workload.name}"
        try:
            problem = await self._restart_unless_restarted(turn, workload)
        except (ApiUnavailableError, ConflictError) as error:
            logger.warning("%s could not be restarted: %s", what, error)
            self.metrics.write(resource=Written.WORKLOAD, result=WriteResult.FAILURE)
            turn.pending.fail(now, token_has_changed=turn.token_has_changed)
            return
        except ApiError as error:
            self.metrics.write(resource=Written.WORKLOAD, result=WriteResult.FAILURE)
            problem = f"may not be restarted ({error.status} {error.reason})"
        turn.pending.succeed(workload)
        message = f"{what} {problem}." if problem else ""
        turn.outbox.announce_once(what, "WorkloadNotRestarted", message)

    async def _restart_unless_restarted(self, turn: Restart, workload: Workload) -> str:
        """Restart a workload, as `_restart_one` does; read it again where it has changed."""
        for _ in range(_READINGS - 1):
            with contextlib.suppress(ConflictError):
                return await self._restart_one(turn, workload)
        return await self._restart_one(turn, workload)

    async def _restart_one(self, turn: Restart, workload: Workload) -> str:
        """Restart a workload; return why it is not restarted, empty where all is well.

        Another connection may have restarted it between the reading and the patch, for the
        token of this one too. The API server then refuses the patch as a conflict.
        """
        key = turn.connection.key
        seen = await read_workload(self.api, key.namespace, workload)
        if seen is None or seen.is_being_deleted:
            return "does not exist" if turn.token_has_changed else ""
        shown = seen.restarted_for.get(key.name)
        is_missing = turn.token_has_changed or shown is not None
        if shown == turn.pending.token_mark or not is_missing:
            return ""
        problem = _problem_of(seen)
        if problem:
            return problem
        tokens = self._kept(key.namespace, seen) | self._tokens(key.namespace, workload)
        await restart_workload(self.api, key.namespace, workload, seen, tokens)
        self.metrics.write(resource=Written.WORKLOAD, result=WriteResult.SUCCESS)
        message = f"{workload.kind} {workload.name} was restarted, as the token has changed."
        turn.outbox.announce("WorkloadRestarted", message)
        return ""

    def _kept(self, namespace: str, seen: SeenWorkload) -> dict[str, str]:
        """Return what a workload shows of connections, but for those that are gone."""
        return {
            name: token
            for name, token in seen.restarted_for.items()
            if self.records.get(ConnectionKey(namespace, name)) is not None
        }

    def _tokens(self, namespace: str, workload: Workload) -> dict[str, str]:
        """Return by name what all connections have written that serve a workload."""
        return {
            one.key.name: one.restarts.token_mark
            for one in self.records
            if one.key.namespace == namespace
            and one.restarts.token_mark
            and workload in one.connection.restart_workloads
        }


def _problem_of(seen: SeenWorkload) -> str:
    if seen.is_paused:
        return "is paused, so it was not restarted"
    if seen.keeps_pods:
        return "has the update strategy OnDelete, so it was not restarted"
    return ""


def announce_disabled(connection: Connection, outbox: Outbox) -> None:
    """Announce once that no workload is restarted, where the connection names some."""
    named = ", ".join(f"{one.kind} {one.name}" for one in connection.restart_workloads)
    message = (
        f"{named} will not be restarted: the operator runs without --restart-workloads "
        "(restartWorkloads in the values of the chart)."
    )
    outbox.announce_once("restarts", "WorkloadNotRestarted", message if named else "")
