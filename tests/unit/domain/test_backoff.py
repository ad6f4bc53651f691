"""When to try again after a failure, and how often at all."""

from datetime import timedelta

import pytest

from support.builders import HOUR, MINUTE, NOON, SECOND
from token_operator.domain.backoff import (
    Bucket,
    Retry,
    delay_after,
    effective_class,
    transient_cap,
)
from token_operator.domain.failures import (
    FailureClass,
    FailureError,
    LoginRateExceededError,
    OrgInactiveError,
    SalesforceUnavailableError,
    UserInactiveError,
    UserNotApprovedError,
)

UNAVAILABLE = SalesforceUnavailableError("Salesforce answered 503.")
RATE = LoginRateExceededError("login rate exceeded")
LOCKED = OrgInactiveError("inactive organization")
INACTIVE = UserInactiveError("inactive user")
NOT_APPROVED = UserNotApprovedError("user hasn't approved this consumer")


def a_retry(
    streak: int = 1,
    *,
    remaining: timedelta | None = HOUR,
    chance: float = 0.5,
    is_propagating: bool = False,
) -> Retry:
    return Retry(streak=streak, remaining=remaining, chance=chance, is_propagating=is_propagating)


@pytest.mark.parametrize(
    ("failure", "retry", "seconds"),
    [
        pytest.param(UNAVAILABLE, a_retry(1), 2, id="transient: 2 s"),
        pytest.param(UNAVAILABLE, a_retry(2), 4, id="transient: doubled"),
        pytest.param(UNAVAILABLE, a_retry(1, chance=0), 1, id="transient: half less"),
        pytest.param(UNAVAILABLE, a_retry(3, chance=0.75), 10, id="transient: a fourth more"),
        pytest.param(UNAVAILABLE, a_retry(500), 60, id="transient: at most 60 s"),
        pytest.param(UNAVAILABLE, a_retry(500, chance=0.99), 60, id="transient: jitter included"),
        pytest.param(UNAVAILABLE, a_retry(9, remaining=5 * MINUTE), 30, id="a tenth of the life"),
        pytest.param(UNAVAILABLE, a_retry(9, remaining=SECOND), 5, id="at least 5 s as cap"),
        pytest.param(UNAVAILABLE, a_retry(9, remaining=None), 60, id="no live token"),
        pytest.param(RATE, a_retry(7), 900, id="rate limited: 15 min"),
        pytest.param(LOCKED, a_retry(1), 300, id="terminal: 5 min"),
        pytest.param(LOCKED, a_retry(3), 1200, id="terminal: doubled"),
        pytest.param(LOCKED, a_retry(90), 1800, id="terminal: at most 30 min"),
        pytest.param(INACTIVE, a_retry(1), 1200, id="may be frozen: 20 min"),
        pytest.param(NOT_APPROVED, a_retry(1, is_propagating=True), 30, id="propagation: 30 s"),
        pytest.param(NOT_APPROVED, a_retry(9, is_propagating=True), 120, id="propagation: 2 min"),
    ],
)
def test_delay_follows_the_class_of_the_failure(
    failure: FailureError, retry: Retry, seconds: int
) -> None:
    assert delay_after(failure, retry) == timedelta(seconds=seconds)


@pytest.mark.parametrize("kind", [SalesforceUnavailableError, LoginRateExceededError])
@pytest.mark.parametrize(
    ("told", "waited"),
    [
        pytest.param(7 * SECOND, 7 * SECOND, id="as told"),
        pytest.param(HOUR, 15 * MINUTE, id="at most 15 minutes"),
        pytest.param(SECOND / 2, SECOND, id="at least a second"),
        pytest.param(timedelta(), SECOND, id="at once is a second"),
    ],
)
def test_retry_after_is_honoured(
    kind: type[FailureError], told: timedelta, waited: timedelta
) -> None:
    assert delay_after(kind("later", retry_after=told), a_retry()) == waited


def test_cap_is_a_tenth_of_the_remaining_life_within_bounds() -> None:
    assert transient_cap(200 * SECOND) == 20 * SECOND


@pytest.mark.parametrize(
    ("failure", "age", "expected"),
    [
        pytest.param(NOT_APPROVED, 9 * MINUTE, FailureClass.TRANSIENT, id="may be an echo"),
        pytest.param(NOT_APPROVED, 10 * MINUTE, FailureClass.TERMINAL, id="after the window"),
        pytest.param(INACTIVE, MINUTE, FailureClass.TERMINAL, id="never an echo"),
    ],
)
def test_answer_soon_after_a_change_may_be_its_echo(
    failure: FailureError, age: timedelta, expected: FailureClass
) -> None:
    assert effective_class(failure, changed_at=NOON - age, now=NOON) is expected


def test_bucket_holds_three_attempts_and_refills_one_every_ten_seconds() -> None:
    bucket = Bucket()
    for _ in range(3):
        assert bucket.next_at(NOON) == NOON
        bucket = bucket.after_attempt(NOON)

    assert bucket.next_at(NOON) == NOON + 10 * SECOND
    assert bucket.level_at(NOON + HOUR) == 3


def test_bucket_does_not_lose_what_it_has_when_the_clock_goes_back() -> None:
    assert Bucket(2, NOON).level_at(NOON - HOUR) == 2


def test_at_most_three_logins_in_any_hour_follow_a_freeze() -> None:
    waits = [delay_after(INACTIVE, a_retry(streak)) for streak in range(1, 20)]
    logins = [sum(waits[:count], timedelta()) for count in range(len(waits))]

    for first in logins:
        assert sum(first <= one < first + HOUR for one in logins) <= 3
