"""The deletion of a connection: the finalizer of ``revokeOnDelete``, and the revocation.

Without ``revokeOnDelete`` there is no finalizer and nothing to do here: owned targets are
garbage collected with the connection.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from token_operator.clock import Clock
from token_operator.cluster.api import Api, ConflictError, NotFoundError
from token_operator.cluster.connections import REVOKE_FINALIZER, write_finalizers
from token_operator.domain.connection import ConnectionKey
from token_operator.reconcile.queue import KeyedQueue
from token_operator.reconcile.record import Record
from token_operator.reconcile.records import Records
from token_operator.reconcile.restoring import Restoring
from token_operator.reconcile.sessions import Sessions
from token_operator.telemetry.metrics import Metrics, WriteResult, Written

logger = logging.getLogger(__name__)

# A connection that is being deleted waits no longer than this for its revocation.
PATIENCE: Final = timedelta(seconds=60)
RETRY: Final = timedelta(seconds=5)


@dataclass(slots=True)
class Deletion:
    """Sets the finalizer as the spec says, and revokes the token before it removes it."""

    api: Api
    records: Records
    restoring: Restoring
    sessions: Sessions
    queue: KeyedQueue[ConnectionKey]
    clock: Clock
    metrics: Metrics

    async def sync_finalizer(self, record: Record) -> None:
        """Set or remove the finalizer, as the spec says."""
        is_wanted = record.connection.token.revoke_on_delete
        if is_wanted != (REVOKE_FINALIZER in record.connection.finalizers):
            await self._set_finalizer(record, is_wanted=is_wanted)

    async def revoke_and_remove_finalizer(self, record: Record) -> None:
        """Revoke the token of a connection that is being deleted, and remove the finalizer.

        Where the revocation fails, the connection is queued to try again for a minute.
        """
        if REVOKE_FINALIZER not in record.connection.finalizers:
            return
        if await self._revoke(record) or self._has_waited_enough(record):
            await self._set_finalizer(record, is_wanted=False)
            return
        self.queue.schedule(record.key, self.clock.monotonic() + RETRY.total_seconds())

    async def _revoke(self, record: Record) -> bool:
        """Revoke the token where there is one to revoke; return whether that is done with."""
        if record.state.is_cold:
            await self.restoring.restore(record)
        held = record.state.held
        if held is None or held.is_dead:
            return True
        if self.records.is_shared(record.key, held.token.fingerprint):
            logger.info("Skipped the revocation: another connection uses the session.")
            return True
        return await self.sessions.revoke(record)

    def _has_waited_enough(self, record: Record) -> bool:
        asked_at = record.connection.deletion_requested_at
        return asked_at is not None and self.clock.wall() - asked_at >= PATIENCE

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
