"""Login History, and the count of logins that the rate limit is about."""

from collections import defaultdict, deque
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

_HOUR: Final = timedelta(hours=1)
# The newest rows are kept: a benchmark makes more logins than anybody reads.
_ROWS_KEPT: Final = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRow:
    """One request to the token endpoint that asked for a login."""

    time: datetime
    org: str | None
    username: str | None
    app: str | None
    ip: str
    host: str
    grant: str | None
    status: str  # "Success", or the error_description
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether an access token was issued."""
        return self.error is None

    def to_json(self) -> dict[str, str | None]:
        """Return the row with the time as RFC 3339."""
        return asdict(self) | {"time": self.time.isoformat()}


class History:
    """The rows of one org, oldest first."""

    def __init__(self) -> None:
        self._rows: deque[LoginRow] = deque(maxlen=_ROWS_KEPT)

    def add(self, row: LoginRow) -> None:
        """Write one row."""
        self._rows.append(row)

    @property
    def rows(self) -> list[LoginRow]:
        """A copy of all rows."""
        return list(self._rows)

    def clear(self) -> None:
        """Forget all rows."""
        self._rows.clear()


class LoginRate:
    """How many logins each user tried in the last hour, failed ones too."""

    def __init__(self) -> None:
        self._tries: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def count(self, username: str, now: datetime) -> int:
        """Add one login and return how many there were in the hour that ends now."""
        self._tries[username].append(now)
        return self.in_last_hour(username, now)

    def in_last_hour(self, username: str, now: datetime) -> int:
        """Return how many logins there were in the hour that ends now."""
        tries = self._tries[username]
        while tries and tries[0] <= now - _HOUR:
            tries.popleft()
        return len(tries)
