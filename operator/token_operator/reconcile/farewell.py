"""Leaving: the finalizer of ``revokeOnDelete``, and the revocation it stands for.

Without ``revokeOnDelete`` there is no finalizer and nothing to do here: owned
targets go with the connection by garbage collection.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from token_operator.clock import Clock
from token_operator.cluster.api import Api, ConflictError, NotFoundError
from token_operator.cluster.connections import REVOKE_FINALIZER, write_finalizers
from token_operator.reconcile.proving import Proving
from token_operator.reconcile.queue import KeyedQueue
from token_operator.reconcile.record import Record
from token_operator.reconcile.records import Records
from token_operator.reconcile.restoring import Restoring
from token_operator.telemetry.metrics import Metrics, WriteResult, Written

logger = logging.getLogger(__name__)

# A connection that is being deleted waits no longer than this for its revocation.
PATIENCE: Final = timedelta(seconds=60)
RETRY: Final = timedelta(seconds=5)


@dataclass(slots=True)
class Farewell:
    """Keeps the finalizer as the spec says, and revokes before it lets go."""

    api: Api
    records: Records
    restoring: Restoring
    proving: Proving
    queue: KeyedQueue
    clock: Clock
    metrics: Metrics

    async def is_said(self, record: Record) -> bool:
        """Tend to the finalizer; return whether the pass ends here, as the connection leaves."""
        connection = record.connection
        has_finalizer = REVOKE_FINALIZER in connection.finalizers
        if connection.is_being_deleted:
            if has_finalizer:
                await self._leave(record)
            return True
        if connection.token.revoke_on_delete != has_finalizer:
            await self._set_finalizer(record, is_wanted=connection.token.revoke_on_delete)
        return False

    async def _leave(self, record: Record) -> None:
        if await self._is_revoked(record) or self._has_waited_enough(record):
            await self._set_finalizer(record, is_wanted=False)
            return
        self.queue.schedule(record.key, self.clock.monotonic() + RETRY.total_seconds())

    async def _is_revoked(self, record: Record) -> bool:
        if record.is_cold:
            await self.restoring.restore(record)
        held = record.state.held
        if held is None or held.is_dead:
            return True
        if self.records.is_shared(record.key, held.token.fingerprint):
            logger.info("Not revoked: another connection uses the session.")
            return True
        return await self.proving.end_session(record)

    def _has_waited_enough(self, record: Record) -> bool:
        asked_at = record.connection.deletion_requested_at
        return asked_at is not None and self.clock.now() - asked_at >= PATIENCE

    async def _set_finalizer(self, record: Record, *, is_wanted: bool) -> None:
        others = tuple(one for one in record.connection.finalizers if one != REVOKE_FINALIZER)
        wanted = (*others, REVOKE_FINALIZER) if is_wanted else others
        try:
            await write_finalizers(self.api, record.connection, wanted, record.resource_version)
        except NotFoundError:
            return
        except ConflictError:  # it has changed since; the change is on its way to us
            self.metrics.write(resource=Written.CONNECTION, result=WriteResult.CONFLICT)
            self.queue.schedule(record.key, self.clock.monotonic() + 1.0)
            return
        self.metrics.write(resource=Written.CONNECTION, result=WriteResult.SUCCESS)
