"""A look at everything, now and then: what a broken watch has missed is made good.

kopf tells of no deletion that happened while a watch was down.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from token_operator.cluster.api import Api, ApiError, ApiUnavailableError
from token_operator.cluster.connections import connection_uids
from token_operator.cluster.secrets import watched_secrets
from token_operator.domain.targets.secret import SecretMeta
from token_operator.reconcile.intake import Intake
from token_operator.reconcile.records import Records, SecretKey

logger = logging.getLogger(__name__)

PAUSE: Final = 3600.0


@dataclass(slots=True)
class Resync:
    """Compares what is in memory with what the API server has."""

    api: Api
    records: Records
    intake: Intake
    namespaces: tuple[str | None, ...]

    async def run(self) -> None:
        """Look once an hour, for ever."""
        while True:
            await asyncio.sleep(PAUSE)
            try:
                await self.look()
            except (ApiError, ApiUnavailableError) as error:
                logger.warning("A resync failed: %s", error)

    async def look(self) -> None:
        """Drop connections that are gone, and tell of Secrets that changed unseen."""
        known = {record.key: record.connection.uid for record in self.records}
        secrets_before = set(self.records.watched)
        uids: set[str] = set()
        secrets: dict[SecretKey, SecretMeta] = {}
        for namespace in self.namespaces:
            uids |= await connection_uids(self.api, namespace)
            async for where, meta in watched_secrets(self.api, namespace):
                secrets[where, meta.name] = meta
        for key, uid in known.items():
            record = self.records.get(key)
            # One that was made anew while the lists were read is in neither of them.
            is_same = record is not None and record.connection.uid == uid
            if is_same and uid not in uids:
                self.intake.forget(key)
        for secret in secrets_before - set(secrets):
            self.intake.secret_left(*secret)
        for (namespace, _), meta in secrets.items():
            self.intake.secret_is(namespace, meta)
