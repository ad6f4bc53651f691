"""The only place that reads a clock."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where instants come from: the wall clock and a clock that never jumps."""

    def now(self) -> datetime:
        """Return the wall clock's instant, aware and in UTC."""

    def monotonic(self) -> float:
        """Return seconds of a clock that no correction of the wall clock moves."""


class SystemClock:
    """The machine's clocks; the monotonic one goes on while the machine sleeps."""

    def now(self) -> datetime:
        """Return the wall clock's instant, aware and in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since the machine started, sleep included (CLOCK_BOOTTIME)."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)
