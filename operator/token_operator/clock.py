"""The only place that reads a clock."""

import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta

from token_operator.domain.timeline import UNMOVED, Timeline


class Clock(ABC):
    """A steady clock, with a wall clock beside it that somebody may set.

    The steady time begins as the wall clock's and goes on by the monotonic clock: no step of
    the wall clock moves it. What is shown to others is corrected by the timeline.
    """

    def __init__(self) -> None:
        self._started_at = self.wall()
        self._started = self.monotonic()
        self._timeline = UNMOVED

    @abstractmethod
    def wall(self) -> datetime:
        """Return the wall clock's instant, aware and in UTC: for what is compared with it only."""

    @abstractmethod
    def monotonic(self) -> float:
        """Return seconds of a clock that no correction of the wall clock moves."""

    def now(self) -> datetime:
        """Return the instant on the operator's own timeline, aware and in UTC."""
        return self._started_at + timedelta(seconds=self.monotonic() - self._started)

    @property
    def timeline(self) -> Timeline:
        """How instants of ``now`` are shown to others, since the last step that was followed."""
        return self._timeline

    def wall_distance(self) -> timedelta:
        """Return how far the wall clock is ahead of ``now`` at the moment."""
        return self.wall() - self.now()

    def follow_wall_clock(self) -> bool:
        """Show instants by the wall clock as it is now; return whether that makes a difference."""
        before = self._timeline
        self._timeline = before.corrected(self.wall_distance())
        return self._timeline != before


class SystemClock(Clock):
    """The machine's clocks; the monotonic one goes on while the machine sleeps."""

    def wall(self) -> datetime:
        """Return the wall clock's instant, aware and in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since the machine started, sleep included (CLOCK_BOOTTIME)."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)
