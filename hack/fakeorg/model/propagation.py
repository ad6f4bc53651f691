"""A setting whose change takes a while to reach every server of Salesforce."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Propagated(Generic[T]):
    """A value that is still seen as it was before, until its last change has propagated."""

    latest: T
    _before: T = field(init=False)
    _changes_at: datetime | None = field(default=None, init=False)
    _flapping: bool = field(default=False, init=False)
    _looks: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._before = self.latest

    def change(
        self, value: T, *, now: datetime, delay: timedelta = timedelta(), flapping: bool = False
    ) -> None:
        """Set a new value that is reliably seen only after the delay."""
        if self._has_settled(now):
            self._before = self.latest
        self.latest = value
        # None rather than now: a clock that is moved back must not undo the change.
        self._changes_at = now + delay if delay else None
        self._flapping = flapping
        self._looks = 0

    def seen(self, now: datetime) -> T:
        """Return the value as a login at this instant sees it; a flapping one alternates."""
        if self._has_settled(now):
            return self.latest
        self._looks += 1
        if self._flapping and self._looks % 2 == 0:
            return self.latest
        return self._before

    def _has_settled(self, now: datetime) -> bool:
        return self._changes_at is None or now >= self._changes_at
