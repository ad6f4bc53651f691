"""Delays stay within their bounds, and the bucket keeps its law."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.builders import MINUTE, NOON, SECOND
from token_operator.domain.backoff import Bucket, Retry, delay_after
from token_operator.domain.failures import (
    LoginRateExceededError,
    SalesforceUnavailableError,
    UserInactiveError,
)

RETRIES = st.builds(
    Retry,
    streak=st.integers(1, 100_000),
    remaining=st.none() | st.timedeltas(timedelta(days=-1), timedelta(days=2)),
    chance=st.floats(0, 1, exclude_max=True),
    is_propagating=st.booleans(),
)


@given(RETRIES)
def test_transient_delay_is_at_most_a_minute_and_at_least_a_second(retry: Retry) -> None:
    delay = delay_after(SalesforceUnavailableError("503"), retry)

    assert SECOND <= delay <= (2 * MINUTE if retry.is_propagating else MINUTE)


@given(RETRIES, st.sampled_from([LoginRateExceededError, UserInactiveError]))
def test_delay_is_never_past_half_an_hour(
    retry: Retry, kind: type[LoginRateExceededError | UserInactiveError]
) -> None:
    assert timedelta() < delay_after(kind("no"), retry) <= 30 * MINUTE


@given(st.lists(st.floats(0, 30), max_size=200))
def test_bucket_never_allows_more_than_three_and_one_every_ten_seconds(pauses: list[float]) -> None:
    bucket, now, made = Bucket(), NOON, 0
    for pause in pauses:
        now += timedelta(seconds=pause)
        if bucket.next_at(now) <= now:
            bucket, made = bucket.after_attempt(now), made + 1

    assert made <= 3 + (now - NOON) / (10 * SECOND) + 0.001


@pytest.mark.parametrize("told", [0.0, 5.0, 4000.0])
def test_retry_after_is_between_a_second_and_a_quarter_of_an_hour(told: float) -> None:
    failure = SalesforceUnavailableError("503", retry_after=timedelta(seconds=told))
    retry = Retry(streak=1, remaining=None, chance=0)

    assert SECOND <= delay_after(failure, retry) <= 15 * MINUTE
