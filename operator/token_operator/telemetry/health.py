"""Whether the operator is alive and ready: facts that others report, judged here.

Nothing here runs by itself: no task, no timer. An answer is the list of what is wrong,
in sentences; an empty list is good.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final, Protocol

# A healthy watch is opened again when the server ends it; this much later it is dead.
WATCH_GRACE: Final = timedelta(minutes=2)
# The ticker beats every second; this long without a beat, the event loop is blocked.
MAX_LAG: Final = timedelta(seconds=10)
# No pass takes this long: a login is cut after seconds, a write too.
MAX_STANDSTILL: Final = timedelta(minutes=5)


class MonotonicClock(Protocol):
    """A clock that no correction of the wall clock moves."""

    def monotonic(self) -> float:
        """Return seconds."""


class Health:
    """What is known of watches, event loop and queue, and what follows from it."""

    def __init__(
        self, clock: MonotonicClock, *, server_timeout: timedelta = timedelta(minutes=10)
    ) -> None:
        self._clock = clock
        self._max_watch_age = server_timeout + WATCH_GRACE
        self._opened_at: dict[str, float] = {}
        self._last_beat: float | None = None
        self._queues: list[Callable[[], tuple[int, float]]] = []
        self._is_ready = False

    def expect_watches(self, names: Iterable[str]) -> None:
        """Expect these watches, and no others, to be opened again and again from now on."""
        self._opened_at = dict.fromkeys(names, self._clock.monotonic())

    def watch_opened(self, name: str) -> None:
        """Record that a watch was opened; one that nobody expects is ignored."""
        if name in self._opened_at:
            self._opened_at[name] = self._clock.monotonic()

    def beat(self) -> None:
        """Record that the event loop ran; to be called every second once it was called."""
        self._last_beat = self._clock.monotonic()

    def watch_queue(self, progress: Callable[[], tuple[int, float]]) -> None:
        """Ask *progress* for a queue's depth and the seconds since a worker made progress there."""
        self._queues.append(progress)

    def ready(self) -> None:
        """Record that the first lists are in, or that this standby may take over."""
        self._is_ready = True

    def liveness(self) -> list[str]:
        """Return what only a restart can mend."""
        return [*self._dead_watches(), *self._lag(), *self._stuck_queues()]

    def readiness(self) -> list[str]:
        """Return what is still missing before the work can begin."""
        return [] if self._is_ready else ["The first lists are not in yet."]

    def _dead_watches(self) -> list[str]:
        ages = {name: self._since(opened) for name, opened in sorted(self._opened_at.items())}
        return [
            f"The watch of {name} was last opened {_whole(age)} ago, "
            f"longer than {_whole(self._max_watch_age)}."
            for name, age in ages.items()
            if age > self._max_watch_age
        ]

    def _lag(self) -> list[str]:
        if self._last_beat is None:
            return []
        lag = self._since(self._last_beat)
        return [f"The event loop lags by {_whole(lag)}."] if lag > MAX_LAG else []

    def _stuck_queues(self) -> list[str]:
        found = (progress() for progress in self._queues)
        return [
            f"The queue holds {depth} and no worker made progress for {seconds:.0f} s."
            for depth, seconds in found
            if depth and timedelta(seconds=seconds) > MAX_STANDSTILL
        ]

    def _since(self, instant: float) -> timedelta:
        return timedelta(seconds=self._clock.monotonic() - instant)


def _whole(duration: timedelta) -> str:
    return f"{duration.total_seconds():.0f} s"
