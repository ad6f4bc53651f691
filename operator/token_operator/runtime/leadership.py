"""Leading: from the wait for the Lease to its release."""

import asyncio
import logging
import os
from dataclasses import dataclass

from token_operator.runtime.election import Elector, LeaseLostError
from token_operator.runtime.tasks import Tasks

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Leadership:
    """Leads while it holds the Lease; without an *elector* it always leads."""

    elector: Elector | None
    tasks: Tasks
    _holding: asyncio.Task[None] | None = None

    async def acquire(self, stop: asyncio.Event) -> bool:
        """Wait until this process leads; return False where *stop* was set before that."""
        if self.elector is None:
            return True
        acquired = asyncio.create_task(self.elector.acquire(), name="election")
        stopped = asyncio.create_task(stop.wait(), name="stop signal")
        await asyncio.wait({acquired, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        acquired.cancel()
        if stop.is_set():
            return False
        logger.info("Became the leader.")
        self._holding = self.tasks.start("lease", hold_or_exit(self.elector))
        return True

    async def release(self) -> None:
        """Give the Lease back; nothing is written any more."""
        if self.elector is None or self._holding is None:
            return
        self._holding.cancel()
        await asyncio.gather(self._holding, return_exceptions=True)
        await self.elector.release()

    async def close(self) -> None:
        """Close the connections of the elector."""
        if self.elector is not None:
            await self.elector.api.close()


async def hold_or_exit(elector: Elector) -> None:
    """Hold the Lease; once it is lost, end the process without another step."""
    try:
        await elector.hold()
    except LeaseLostError as error:
        # Another operator may be writing by now.
        logger.error("%s Exiting at once.", error)  # noqa: TRY400 - no traceback is needed
        os._exit(1)
