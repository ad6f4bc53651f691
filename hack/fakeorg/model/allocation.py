"""The daily API allocation of an org."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_DAY: Final = timedelta(days=1)


@dataclass(slots=True)
class Allocation:
    """The REST calls of the last 24 hours, counted from the first of them."""

    used: int = 0
    _since: datetime | None = None

    def take(self, now: datetime, maximum: int) -> bool:
        """Count one call, or return False if none is left."""
        if self._since is None or now - self._since >= _DAY:
            self._since, self.used = now, 0
        if self.used >= maximum:
            return False
        self.used += 1
        return True
