"""What the metrics show of one connection, at the instant of a scrape."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSnapshot:
    """One connection as the metrics see it; an instant that is not known is None."""

    namespace: str
    name: str
    ready: bool
    expires_at: datetime | None = None
    renewal_at: datetime | None = None
    verified_at: datetime | None = None
    certificate_not_after: datetime | None = None
    # Seconds during which a target held a token known dead, since the process started.
    dead_seconds: float = 0.0
