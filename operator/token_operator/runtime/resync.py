"""A look at everything, now and then: what a broken watch has missed is made good.

kopf reports no deletion that happened while a watch was down.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from token_operator.cluster.api import Api, ApiError, ApiUnavailableError
from token_operator.cluster.connections import uids_of
from token_operator.cluster.secrets import watched_secrets
from token_operator.domain.targets.secret import SecretMeta
from token_operator.reconcile.controller import Controller
from token_operator.reconcile.intake import Intake
from token_operator.reconcile.records import SecretKey

logger = logging.getLogger(__name__)

PAUSE: Final = 3600.0


@dataclass(slots=True)
class Resync:
    """Compares what is in memory with what the API server has."""

    api: Api
    intake: Intake
    controllers: Sequence[Controller[Any]]
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
        """Drop resources that are gone, and take Secrets as they are now."""
        for controller in self.controllers:
            await self._drop_gone(controller)
        await self._take_secrets()

    async def _drop_gone(self, controller: Controller[Any]) -> None:
        known, uids = controller.uids(), set[str]()
        for namespace in self.namespaces:
            uids |= await uids_of(self.api, controller.kind, namespace)
        now = controller.uids()
        for key, uid in known.items():
            # One that was made anew while the lists were read is in neither of them.
            if now.get(key) == uid and uid not in uids:
                controller.forget_and_clean_up(key)

    async def _take_secrets(self) -> None:
        before = set(self.intake.records.watched)
        secrets: dict[SecretKey, SecretMeta] = {}
        for namespace in self.namespaces:
            async for where, meta in watched_secrets(self.api, namespace):
                secrets[where, meta.name] = meta
        for secret in before - set(secrets):
            self.intake.drop_secret(*secret)
        for (where, _), meta in secrets.items():
            self.intake.take_secret_meta(where, meta)
