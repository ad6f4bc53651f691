"""How often a target was repaired in a row, and how long the next repair has to wait.

A row ends when the target held its content for five minutes, or when the spec changes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from token_operator.domain.backoff import doubling

# Repairs in a row that are made at once: people edit Secrets, and edit them twice.
AT_ONCE: Final = 3
FIRST_DELAY: Final = timedelta(seconds=30)
# Also how long a target must hold to end a row: a writer that is slower than the longest delay
# costs one repair in that time, and one that is faster stays contested.
LONGEST_DELAY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Repairs:
    """The repairs of one target in a row, and the instants of the first and the last one."""

    count: int = 0
    began_at: datetime | None = None
    last_at: datetime | None = None

    def has_ended(self, broken_at: datetime) -> bool:
        """Whether the target held long enough before it was broken at an instant."""
        return self.last_at is None or broken_at - self.last_at >= LONGEST_DELAY

    def must_wait(self, broken_at: datetime) -> bool:
        """Whether a target that was broken at an instant is not repaired at once any more."""
        return self.count >= AT_ONCE and not self.has_ended(broken_at)

    @property
    def delay(self) -> timedelta:
        """How long the next repair waits: 30 s after the third one, then doubled, up to 5 min."""
        return doubling(FIRST_DELAY, max(self.count - AT_ONCE + 1, 1), LONGEST_DELAY)

    def followed_by_one(self, at: datetime, broken_at: datetime) -> "Repairs":
        """Return the row with a repair *at* an instant, of a target that was broken before."""
        if self.began_at is None or self.has_ended(broken_at):
            return Repairs(1, at, at)
        return Repairs(self.count + 1, self.began_at, at)


NO_REPAIRS: Final = Repairs()
