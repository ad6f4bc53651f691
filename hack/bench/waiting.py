"""Waiting for something to come true, with a deadline; and doing many things with progress."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

Report = Callable[[str], None]

_POLL: Final = 0.05
_AT_ONCE: Final = 32
# Seconds between two lines of progress.
_HEARTBEAT: Final = 5.0


class BenchError(Exception):
    """The benchmark cannot go on; the text says what was expected and what was seen."""


async def until(fact: Callable[[], Awaitable[bool]], what: str, *, seconds: float) -> None:
    """Wait until a fact holds; raise BenchError after *seconds*."""
    deadline = time.monotonic() + seconds
    while not await fact():
        if time.monotonic() > deadline:
            raise BenchError(f"Waited {seconds:.0f} s for {what}.")
        await asyncio.sleep(_POLL)


async def do_all(
    jobs: Sequence[Callable[[], Awaitable[object]]],
    doing: str,
    report: Report,
    *,
    at_once: int = _AT_ONCE,
) -> None:
    """Do all jobs, some at once; report every 5 s how many are done."""
    done, reported = 0, time.monotonic()
    rest = iter(jobs)

    async def work() -> None:
        nonlocal done, reported
        for job in rest:
            await job()
            done += 1
            if time.monotonic() - reported > _HEARTBEAT:
                reported = time.monotonic()
                report(f"  {doing}: {done:,} of {len(jobs):,}")

    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, len(jobs))):
            group.create_task(work())
