"""The login budget of an integration user.

Salesforce allows 3,600 logins per user and hour from all clients together;
the operator takes half of that at most, and slows down long before.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

WINDOW: Final = timedelta(hours=1)
SOFT_LIMIT: Final = 600
HARD_LIMIT: Final = 1800
# Past the soft limit, renewals that are merely due keep to the soft limit's pace.
SLOW_PACE: Final = WINDOW / SOFT_LIMIT


class Urgency(IntEnum):
    """Who logs in first where not all can."""

    DEAD = 0
    NEW = 1
    DUE = 2


@dataclass(slots=True)
class LoginBudget:
    """The logins of one user with one app at one host in the last hour; memory is bounded."""

    logins: deque[datetime] = field(default_factory=lambda: deque(maxlen=HARD_LIMIT))

    def forget_old(self, now: datetime) -> None:
        """Drop logins that are older than the window."""
        while self.logins and now - self.logins[0] >= WINDOW:
            self.logins.popleft()

    def note(self, now: datetime) -> None:
        """Count a login at *now*."""
        self.forget_old(now)
        self.logins.append(now)

    def used_share(self, now: datetime) -> float:
        """Return the used part of the hard limit, 0..1."""
        self.forget_old(now)
        return len(self.logins) / HARD_LIMIT

    def is_past_soft_limit(self, now: datetime) -> bool:
        """Whether renewals slow down at *now*."""
        self.forget_old(now)
        return len(self.logins) >= SOFT_LIMIT

    def is_exhausted(self, now: datetime) -> bool:
        """Whether no login may be made at *now*."""
        self.forget_old(now)
        return len(self.logins) >= HARD_LIMIT

    def free_at(self, now: datetime, urgency: Urgency) -> datetime:
        """Return the instant from which a login of this *urgency* may be made."""
        self.forget_old(now)
        if len(self.logins) >= HARD_LIMIT:
            return self.logins[0] + WINDOW
        if urgency is Urgency.DUE and len(self.logins) >= SOFT_LIMIT:
            return max(now, self.logins[-1] + SLOW_PACE)
        return now
