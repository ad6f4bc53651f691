"""The clock of the fake org, the only reader of the real one."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Real time plus an offset that tests move, or an instant that stands still."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        """Return the instant (aware, UTC) the org believes it is."""
        if self._frozen is not None:
            return self._frozen
        return datetime.now(UTC) + self._offset

    def advance(self, by: timedelta | float) -> None:
        """Move the clock; a number means seconds, a negative one moves it back."""
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        if self._frozen is not None:
            self._frozen += step
        else:
            self._offset += step

    def freeze(self, at: datetime | None = None) -> None:
        """Stand still, at an instant (aware) or now."""
        self._frozen = at if at is not None else self.now()

    def resume(self) -> None:
        """Run on from the instant at which the clock stands."""
        if self._frozen is not None:
            self._offset = self._frozen - datetime.now(UTC)
            self._frozen = None

    def reset(self) -> None:
        """Show real time again."""
        self._offset = timedelta()
        self._frozen = None
