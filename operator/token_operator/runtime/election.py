"""Leader election: at most one operator writes.

A leader may write until its deadline, counted from before the renewal that
succeeded; a standby takes over only when it has seen the Lease unchanged for
its whole duration, by its own monotonic clock. The deadline is shorter than
the duration, so that the two never overlap, whatever the wall clocks show.
"""

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from token_operator.clock import Clock
from token_operator.cluster.api import Api, ApiError, ApiUnavailableError, ForbiddenError
from token_operator.cluster.leases import (
    Lease,
    LeaseName,
    lease_time,
    read_lease,
    write_lease,
)

logger = logging.getLogger(__name__)

DURATION: Final = timedelta(seconds=15)
DEADLINE: Final = timedelta(seconds=10)
PAUSE: Final = timedelta(seconds=2)


class LeaseLostError(Exception):
    """This process does not lead any more; nothing may be written."""


@dataclass(slots=True, kw_only=True)
class Elector:
    """Holds the Lease, or waits for it; *identity* is of this process alone."""

    api: Api
    where: LeaseName
    identity: str
    clock: Clock
    _seen_version: str = ""
    _seen_at: float = 0.0
    _may_write_until: float = field(default=-1.0)

    def guard(self) -> None:
        """Raise LeaseLostError unless this process leads for certain."""
        if self.clock.monotonic() >= self._may_write_until:
            raise LeaseLostError("The Lease is not held.")

    async def acquire(self) -> None:
        """Wait until this process leads."""
        logged = ""
        while True:
            try:
                if await self._try():
                    return
            except ForbiddenError as error:
                problem = f"The Lease may not be used: {error}. Grant the chart's role."
                if problem != logged:
                    logger.warning(problem)
                    logged = problem
            except (ApiError, ApiUnavailableError) as error:
                logger.debug("The Lease could not be taken: %s", error)
            await asyncio.sleep(PAUSE.total_seconds())

    async def hold(self) -> None:
        """Renew the Lease until that fails for too long; then raise LeaseLostError."""
        while True:
            await asyncio.sleep(PAUSE.total_seconds())
            try:
                async with asyncio.timeout(self._may_write_until - self.clock.monotonic()):
                    if not await self._try():
                        break
            except TimeoutError:
                break
            except (ApiError, ApiUnavailableError) as error:
                logger.warning("The Lease could not be renewed: %s", error)
            if self.clock.monotonic() >= self._may_write_until:
                break
        raise LeaseLostError(f"The Lease {self.where.namespace}/{self.where.name} was lost.")

    async def release(self) -> None:
        """Give the Lease back, so that a standby leads at once; nothing is written any more."""
        self._may_write_until = -1.0
        try:
            found = await read_lease(self.api, self.where)
            if found is not None and found.holder == self.identity:
                await write_lease(self.api, self.where, replace(found, holder=""))
        except (ApiError, ApiUnavailableError) as error:
            logger.warning("The Lease could not be released: %s", error)

    async def _try(self) -> bool:
        """Take or renew the Lease; return whether this process leads."""
        started = self.clock.monotonic()
        found = await read_lease(self.api, self.where)
        if found is not None and not self._is_free(found, started):
            return False
        await write_lease(self.api, self.where, self._claim(found))
        self._may_write_until = started + DEADLINE.total_seconds()
        return True

    def _is_free(self, found: Lease, now: float) -> bool:
        if found.holder in ("", self.identity):
            return True
        if found.version != self._seen_version:
            self._seen_version, self._seen_at = found.version, now
        return now - self._seen_at >= found.duration.total_seconds()

    def _claim(self, found: Lease | None) -> Lease:
        now = lease_time(self.clock.wall())
        if found is None:
            return Lease(holder=self.identity, acquired_at=now, renewed_at=now, duration=DURATION)
        if found.holder == self.identity:
            return replace(found, renewed_at=now, duration=DURATION)
        return replace(
            found,
            holder=self.identity,
            transitions=found.transitions + 1,
            acquired_at=now,
            renewed_at=now,
            duration=DURATION,
        )
