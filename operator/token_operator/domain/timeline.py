"""The operator's own timeline, and how its instants are shown to others.

Every instant in memory is on a timeline that no correction of the wall clock moves, so lives,
pauses and budgets keep their length. What others read or wrote (the status, targets, metrics)
is in the time of the wall clock: it is converted where it is written or read, and nowhere else.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

# Smaller steps of the wall clock are ignored, or every slew would rewrite statuses and targets.
LARGEST_IGNORED_STEP: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Timeline:
    """How far the wall clock is ahead of the operator's timeline, in whole seconds."""

    step: timedelta = timedelta()

    def shown(self, at: datetime) -> datetime:
        """Return the wall clock's time of an instant of the timeline."""
        return _moved(at, self.step)

    def read(self, at: datetime) -> datetime:
        """Return the instant of the timeline that the wall clock's time *at* stands for."""
        return _moved(at, -self.step)

    def corrected(self, distance: timedelta) -> "Timeline":
        """Return the timeline where the wall clock is now ahead by *distance*.

        It is this one unless the wall clock was set by more than LARGEST_IGNORED_STEP.
        """
        if abs(distance - self.step) <= LARGEST_IGNORED_STEP:
            return self
        return Timeline(timedelta(seconds=round(distance.total_seconds())))


UNMOVED: Final = Timeline()


def _moved(at: datetime, by: timedelta) -> datetime:
    try:
        return at + by
    except OverflowError:  # somebody wrote an instant at the end of all time
        return at
