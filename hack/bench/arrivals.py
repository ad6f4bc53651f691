"""When each target Secret came to be, as a watch sees it."""

import asyncio
import contextlib
import time
from collections.abc import Iterable
from typing import Final

import aiohttp

from bench.api import Api, Resource
from bench.waiting import BenchError

_MADE_BY_US: Final = {"labelSelector": "app.kubernetes.io/managed-by=salesforce-token-operator"}
_PAUSE: Final = 0.1


class Arrivals:
    """The instants (monotonic seconds) at which target Secrets were first seen."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._path = f"/api/v1/namespaces/{namespace}/secrets"
        self._seen: dict[str, float] = {}
        self._news = asyncio.Event()
        self._failure: Exception | None = None

    async def run(self) -> None:
        """Watch for ever; whoever waits learns if that fails."""
        try:
            await self._watch()
        except Exception as error:  # noqa: BLE001 - `of` raises it
            self._failure = error
            self._news.set()

    async def _watch(self) -> None:
        while True:
            # The API server may end a watch; a new one begins with everything that is there.
            with contextlib.suppress(aiohttp.ClientError):
                async for event in self._api.watch(self._path, _MADE_BY_US):
                    self._note(event)
            await asyncio.sleep(_PAUSE)

    def _note(self, event: Resource) -> None:
        if event["type"] in ("ADDED", "MODIFIED"):
            self._seen.setdefault(event["object"]["metadata"]["name"], time.monotonic())
            self._news.set()

    async def of(self, names: Iterable[str], *, seconds: float) -> dict[str, float]:
        """Wait for all of these, and return when each came. Raise BenchError if one cannot."""
        wanted = set(names)
        try:
            async with asyncio.timeout(seconds):
                while missing := wanted - self._seen.keys():
                    if self._failure is not None:
                        raise BenchError(f"The watch of the targets failed: {self._failure!r}.")
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise BenchError(
                f"{len(missing)} of {len(wanted)} targets did not come within {seconds:.0f} s, "
                f"for instance {min(missing)}."
            ) from None
        return {name: self._seen[name] for name in wanted}
