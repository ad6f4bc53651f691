"""Clocks that a test sets."""

from datetime import datetime, timedelta

from support.builders import NOON
from token_operator.clock import Clock


class SettableClock(Clock):
    """A wall clock and a monotonic clock that stand still until a test moves them."""

    def __init__(self, now: datetime = NOON, seconds: float = 1000.0) -> None:
        self.instant = now
        self.seconds = seconds
        super().__init__()

    def wall(self) -> datetime:
        """Return the instant of the wall clock."""
        return self.instant

    def monotonic(self) -> float:
        """Return the seconds of the clock that never jumps."""
        return self.seconds

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.instant += by
        self.seconds += by.total_seconds()

    def set_wall_clock(self, by: timedelta) -> None:
        """Correct the wall clock by a step, without time passing."""
        self.instant += by
