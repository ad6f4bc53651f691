"""When to try again after a failure, and how often at all.

Delays depend on the class of the failure and on the life that is left:
a token that dies in a minute is worth a try every five seconds.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from token_operator.domain.failures import FailureClass, FailureError

TRANSIENT_FIRST: Final = timedelta(seconds=2)
TRANSIENT_MIN_CAP: Final = timedelta(seconds=5)
TRANSIENT_MAX_CAP: Final = timedelta(seconds=60)
# Share of the remaining life that one wait may take at most.
TRANSIENT_CAP_SHARE: Final = 0.1
# "Retry-After: 0" would have one pass verify again and again.
RETRY_AFTER_MIN: Final = timedelta(seconds=1)
RETRY_AFTER_CAP: Final = timedelta(minutes=15)
RATE_LIMITED_DEFAULT: Final = timedelta(minutes=15)
TERMINAL_FIRST: Final = timedelta(minutes=5)
TERMINAL_CAP: Final = timedelta(minutes=30)
# Salesforce needs up to 10 minutes to propagate a change of an app.
PROPAGATION_WINDOW: Final = timedelta(minutes=10)
PROPAGATION_FIRST: Final = timedelta(seconds=30)
PROPAGATION_CAP: Final = timedelta(minutes=2)
# Doubling past this count changes nothing and overflows.
MAX_DOUBLINGS: Final = 16


def may_be_propagating(failure: FailureError, *, changed_at: datetime, now: datetime) -> bool:
    """Whether the answer may be an echo of the state before a change at *changed_at*."""
    return failure.may_be_propagation and now - changed_at < PROPAGATION_WINDOW


def effective_class(failure: FailureError, *, changed_at: datetime, now: datetime) -> FailureClass:
    """Return how the failure is retried at *now*."""
    if may_be_propagating(failure, changed_at=changed_at, now=now):
        return FailureClass.TRANSIENT
    return failure.failure_class


def doubling(first: timedelta, streak: int, cap: timedelta) -> timedelta:
    """Return *first* doubled for each failure after the first, at most *cap*."""
    factor: int = 1 << min(streak - 1, MAX_DOUBLINGS)
    return min(first * factor, cap)


def transient_cap(remaining: timedelta | None) -> timedelta:
    """Return the longest wait after a transient failure; None means no live token."""
    if remaining is None:
        return TRANSIENT_MAX_CAP
    return min(max(remaining * TRANSIENT_CAP_SHARE, TRANSIENT_MIN_CAP), TRANSIENT_MAX_CAP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """What decides about a delay: the failures so far and the life that is left.

    *streak* counts failures in a row of this class, this one included; *chance*
    is a random number in [0, 1).
    """

    streak: int
    remaining: timedelta | None
    chance: float
    is_propagating: bool = False


def delay_after(failure: FailureError, retry: Retry) -> timedelta:
    """Return how long to wait before the next attempt."""
    if retry.is_propagating:
        return doubling(PROPAGATION_FIRST, retry.streak, PROPAGATION_CAP)
    match failure.failure_class:
        case FailureClass.TERMINAL:
            return doubling(failure.first_delay or TERMINAL_FIRST, retry.streak, TERMINAL_CAP)
        case FailureClass.RATE_LIMITED:
            asked = RATE_LIMITED_DEFAULT if failure.retry_after is None else failure.retry_after
            return min(max(asked, RETRY_AFTER_MIN), RETRY_AFTER_CAP)
        case FailureClass.TRANSIENT:  # pragma: no branch - mypy proves the match exhaustive
            return _transient_delay(failure, retry)


def _transient_delay(failure: FailureError, retry: Retry) -> timedelta:
    if failure.retry_after is not None:
        return min(max(failure.retry_after, RETRY_AFTER_MIN), RETRY_AFTER_CAP)
    cap = transient_cap(retry.remaining)
    spread = 0.5 + retry.chance  # plus or minus half
    return min(doubling(TRANSIENT_FIRST, retry.streak, cap) * spread, cap)


BUCKET_SIZE: Final = 3
BUCKET_REFILL: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The attempts that a connection may make, whatever changes: 3, and one more every 10 s."""

    level: float = BUCKET_SIZE
    at: datetime | None = None

    def level_at(self, now: datetime) -> float:
        """Return the attempts left at *now*."""
        if self.at is None:
            return self.level
        refilled = max(now - self.at, timedelta()) / BUCKET_REFILL
        return min(self.level + refilled, BUCKET_SIZE)

    def next_at(self, now: datetime) -> datetime:
        """Return the instant from which an attempt may be made."""
        missing = 1 - self.level_at(now)
        return now + BUCKET_REFILL * missing if missing > 0 else now

    def after_attempt(self, now: datetime) -> "Bucket":
        """Return the bucket with one attempt less."""
        return replace(self, level=max(self.level_at(now) - 1, 0), at=now)
