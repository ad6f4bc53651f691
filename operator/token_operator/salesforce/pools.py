"""Connections to many hosts, spread over several pools.

httpcore looks at every open connection of a pool for each request, and asks the kernel about the
idle ones. With one pool for all hosts that was a third of the CPU time of a login
(docs/performance.md).
"""

import zlib
from collections.abc import Callable
from typing import Final

import httpx

POOLS: Final = 32


class Pools(httpx.AsyncBaseTransport):
    """A transport that always sends what is for one host by the same one of several others."""

    def __init__(self, make: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._pools = tuple(make() for _ in range(POOLS))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        place = zlib.crc32(request.url.netloc) % POOLS
        return await self._pools[place].handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools:
            await pool.aclose()
