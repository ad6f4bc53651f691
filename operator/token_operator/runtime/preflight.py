"""What must hold before the operator can work: the API serves its kinds and lists its Secrets."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from token_operator.cluster.api import (
    Api,
    ApiError,
    ApiUnavailableError,
    ForbiddenError,
    NotFoundError,
)
from token_operator.cluster.connections import check_api
from token_operator.cluster.secrets import watched_secrets
from token_operator.domain.kinds import Kind
from token_operator.domain.targets.secret import SecretMeta
from token_operator.reconcile.records import SecretKey

logger = logging.getLogger(__name__)

PAUSE: Final = 5.0
Watched = dict[SecretKey, SecretMeta]


@dataclass(frozen=True, slots=True)
class Preflight:
    """Asks the API server for all that the operator needs, until it answers."""

    api: Api
    kinds: Sequence[Kind]
    namespaces: Sequence[str | None]

    async def wait(self, stop: asyncio.Event) -> Watched | None:
        """Return the labelled Secrets once the API can be used; None where *stop* was set."""
        logged = ""
        while not stop.is_set():
            try:
                return await self._read()
            except (ApiError, ApiUnavailableError) as error:
                problem = sentence_for(error, self.kinds)
            if problem != logged:
                logger.warning(problem)
                logged = problem
            await _pause(stop)
        return None

    async def _read(self) -> Watched:
        watched: Watched = {}
        for namespace in self.namespaces:
            for kind in self.kinds:
                await check_api(self.api, kind, namespace)
            async for where, meta in watched_secrets(self.api, namespace):
                watched[where, meta.name] = meta
        return watched


def sentence_for(error: ApiError | ApiUnavailableError, kinds: Sequence[Kind]) -> str:
    """Return what keeps the operator from working here, as a sentence with its remedy."""
    match error:
        case NotFoundError():
            plurals = " or ".join(kind.plural for kind in kinds)
            return f"The API server serves no {plurals}. Install the CRDs: kubectl apply -f crds/."
        case ForbiddenError():
            return f"The service account may not do this: {error}. Grant it the chart's role."
        case _:
            return f"The API server cannot be used yet: {error}."


async def _pause(stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(PAUSE):
            await stop.wait()
    except TimeoutError:
        return
