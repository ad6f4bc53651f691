"""The tasks that must not end while the process works."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Tasks:
    """Starts tasks; one that fails is reported to *failed*, once for each."""

    failed: Callable[[], None]
    _running: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self, name: str, job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run *job* beside the others."""
        task = asyncio.create_task(job, name=name)
        task.add_done_callback(self._ended)
        self._running.append(task)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None:
            return
        logger.error("%s failed: %r", task.get_name(), task.exception())
        self.failed()

    async def cancel(self) -> None:
        """End all tasks and wait until they have ended."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
