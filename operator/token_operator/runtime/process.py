"""What runs while the process lives: start, lead, work, stop, in this order.

Everything that must outlive kopf is made before ``kopf.operator()``, which
cancels every task that was made after it.
"""

import asyncio
import logging
import signal
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final

import kopf
from kubernetes.aio.client import Configuration

from token_operator.handlers.registry import SERVER_TIMEOUT, registry_for
from token_operator.reconcile.controller import Controller
from token_operator.reconcile.queue import KeyedQueue, tick, work
from token_operator.runtime.composition import Operator
from token_operator.runtime.election import Elector
from token_operator.runtime.leadership import Leadership
from token_operator.runtime.preflight import Preflight
from token_operator.runtime.resync import Resync
from token_operator.runtime.tasks import Tasks
from token_operator.runtime.watching import WatchSession
from token_operator.settings import Settings
from token_operator.telemetry.build import version
from token_operator.telemetry.health import Health
from token_operator.telemetry.server import TelemetryServer

logger = logging.getLogger(__name__)

WORKERS: Final = 48
DRAIN: Final = timedelta(seconds=10)
KOPF_STOP: Final = timedelta(seconds=8)


class CannotStartError(Exception):
    """The process cannot do its work here; the text states the reason and the remedy."""


@dataclass(slots=True, kw_only=True)
class Process:
    """The running parts and the signal to stop."""

    settings: Settings
    cluster: Configuration
    user_agent: str
    operator: Operator
    elector: Elector | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    exit_code: int = 0
    _health: Health = field(init=False)
    _tasks: Tasks = field(init=False)
    _leadership: Leadership = field(init=False)

    def __post_init__(self) -> None:
        self._tasks = Tasks(self._fail)
        self._leadership = Leadership(self.elector, self._tasks)
        server_timeout = timedelta(seconds=SERVER_TIMEOUT)
        self._health = Health(self.operator.clock, server_timeout=server_timeout)
        for controller in self.operator.controllers:
            self._health.watch_queue(partial(self._progress, controller.queue))

    def _progress(self, queue: KeyedQueue[Any]) -> tuple[int, float]:
        return queue.depth, self.operator.clock.monotonic() - queue.progressed_at

    async def run(self) -> int:
        """Run until a signal comes or a part fails; return the exit code."""
        self._catch_signals()
        settings = self.settings
        server = TelemetryServer(
            settings.listen_host,
            settings.listen_port,
            metrics=self.operator.metrics,
            health=self._health,
        )
        try:
            await server.start()
        except OSError as error:
            raise CannotStartError(str(error)) from None
        self._log_start()
        try:
            await self._serve()
        finally:
            logger.info("Shutting down.")
            await self.operator.close()
            await self._leadership.close()
            await server.stop()
        return self.exit_code

    def _log_start(self) -> None:
        settings = self.settings
        logger.info(
            "salesforce-token-operator %s: watching %s; serving metrics and probes on %s:%s.",
            version(),
            ", ".join(settings.namespaces) or "all namespaces",
            settings.listen_host,
            settings.listen_port,
        )

    async def _serve(self) -> None:
        operator = self.operator
        queues = [controller.queue for controller in operator.controllers]
        self._tasks.start("ticker", tick(queues, operator.clock, self._each_tick))
        if await self._prepare() and await self._lead() and await self._prepare():
            for controller in operator.controllers:
                self._start_workers(controller)
            resync = Resync(operator.api, operator.intake, operator.controllers, self._namespaces)
            self._tasks.start("resync", resync.run())
            await self._watch()
        await self._tasks.cancel()

    def _start_workers(self, controller: Controller[Any]) -> None:
        for number in range(WORKERS):
            name = f"{controller.name} worker {number}"
            self._tasks.start(name, work(controller.queue, controller.reconcile))

    def _each_tick(self) -> None:
        self._health.beat()
        self.operator.clock_watch.look()

    def _fail(self) -> None:
        self.exit_code = 1
        self.stop.set()

    # --- Before the work ---

    @property
    def _namespaces(self) -> tuple[str | None, ...]:
        return self.settings.namespaces or (None,)

    async def _prepare(self) -> bool:
        """Wait until the API can be used; return False where the process is to stop."""
        operator = self.operator
        kinds = [controller.kind for controller in operator.controllers]
        watched = await Preflight(operator.api, kinds, self._namespaces).wait(self.stop)
        if watched is None:
            return False
        operator.records.watched = watched
        return True

    async def _lead(self) -> bool:
        """Wait until this process leads; return False where it is to stop before that."""
        if self.elector is not None:
            self._health.ready()  # a standby may take over at any time
        is_leader = await self._leadership.acquire(self.stop)
        if is_leader:
            self.operator.metrics.leading(is_leader=True)
        return is_leader

    # --- The work ---

    async def _watch(self) -> None:
        """Let kopf watch until the process is to stop, then drain and stop kopf."""
        self._health.expect_watches(self._watch_names())
        stop_kopf, watching = asyncio.Event(), asyncio.Event()
        kopf_task = asyncio.create_task(self._kopf(stop_kopf, watching), name="kopf")
        stopped = asyncio.create_task(self.stop.wait(), name="stop signal")
        await watching.wait()
        self._catch_signals()  # kopf has set its own
        self._health.ready()
        await asyncio.wait({kopf_task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if kopf_task.done() and not self.stop.is_set():
            logger.error("The watches ended; exiting, so that the process is started again.")
            self.exit_code = 1
        stopped.cancel()
        await self._drain()
        await self._leadership.release()
        # Its requests that are under way now end with a closed session, which it calls errors.
        logging.getLogger("kopf").setLevel(logging.CRITICAL)
        stop_kopf.set()
        await asyncio.wait({kopf_task}, timeout=KOPF_STOP.total_seconds())

    def _watch_names(self) -> list[str]:
        kinds = (*(controller.name for controller in self.operator.controllers), "secrets")
        return [f"{kind}/{ns}" if ns else kind for kind in kinds for ns in self._namespaces]

    async def _kopf(self, stop_flag: asyncio.Event, ready_flag: asyncio.Event) -> None:
        session = WatchSession(
            configuration=self.cluster,
            user_agent=self.user_agent,
            watch_opened=self._health.watch_opened,
        )
        try:
            await kopf.operator(
                registry=registry_for(
                    self.operator.controllers, self.operator.intake, session.open
                ),
                clusterwide=not self.settings.namespaces,
                namespaces=self.settings.namespaces,
                stop_flag=stop_flag,
                ready_flag=ready_flag,
            )
        except Exception:
            logger.exception("kopf failed.")
        finally:
            ready_flag.set()

    # --- After the work ---

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)

    async def _drain(self) -> None:
        """Take nothing new and let the passes that are under way finish."""
        try:
            async with asyncio.timeout(DRAIN.total_seconds()):
                queues = (controller.queue for controller in self.operator.controllers)
                await asyncio.gather(*(queue.drain() for queue in queues))
        except TimeoutError:
            logger.warning("Some reconciles did not end in time and were cut off.")
