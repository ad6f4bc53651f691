"""What a failure changes in the state of a connection."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from support.builders import (
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    a_failure_record,
    a_held_token,
    a_state,
    token_settings,
)
from token_operator.domain import failing
from token_operator.domain.failing import Circumstances, remaining_life
from token_operator.domain.failures import (
    FailureClass,
    FailureError,
    KeyInvalidError,
    NetworkError,
    SalesforceUnavailableError,
    SignatureRejectedError,
    SourceSecretMissingError,
    UserInactiveError,
    UserNotApprovedError,
)
from token_operator.domain.life import HeldToken
from token_operator.domain.state import FailureRecord, State

UNAVAILABLE = SalesforceUnavailableError("Salesforce answered 503.")
AT = Circumstances(settings=token_settings(), now=NOON, chance=0.5)


def failed_login(before: State, failure: FailureError = UNAVAILABLE) -> FailureRecord:
    after = failing.after_login_failure(before, failure, AT, renew_request="7")
    assert after.held is not None
    assert replace(after.held, is_doubted=False) == before.held
    assert after.handled_renew_request == "7"
    assert after.login_failure is not None
    return after.login_failure


def test_first_failure_is_one_and_waits_its_first_delay() -> None:
    record = failed_login(a_state())

    assert (record.count, record.streak, record.since) == (1, 1, NOON)
    assert record.next_attempt == NOON + 2 * SECOND
    assert record.kind.is_host_wide
    assert not record.kind.blames_credentials


def test_same_failure_again_counts_up_and_keeps_its_beginning() -> None:
    record = failed_login(a_state(login_failure=a_failure_record(since=NOON - HOUR)))

    assert (record.count, record.streak, record.since) == (2, 2, NOON - HOUR)


def test_words_of_a_failure_stay_until_its_count_is_reported() -> None:
    second = failed_login(a_state(login_failure=a_failure_record(message="Before.")))
    third = failed_login(a_state(login_failure=a_failure_record(message="Before.", count=2)))

    assert (second.count, third.count) == (2, 3)
    assert second.message != "Before."
    assert third.message == "Before."


def test_another_reason_of_the_same_class_goes_on_with_the_delay() -> None:
    record = failed_login(a_state(login_failure=a_failure_record()), NetworkError("no route"))

    assert (record.count, record.streak) == (1, 2)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(a_failure_record(failure_class=FailureClass.TERMINAL), id="another class"),
        pytest.param(a_failure_record(basis="older", streak=5), id="another spec"),
    ],
)
def test_delay_starts_anew_with_another_class_or_spec(before: FailureRecord) -> None:
    assert failed_login(a_state(login_failure=before)).streak == 1


def test_answer_that_may_be_an_echo_is_transient_and_slower() -> None:
    failure = UserNotApprovedError("user hasn't approved this consumer")

    record = failed_login(a_state(changed_at=NOON - MINUTE), failure)

    assert record.failure_class is FailureClass.TRANSIENT
    assert record.next_attempt == NOON + 30 * SECOND


def test_terminal_failure_waits_five_minutes() -> None:
    record = failed_login(a_state(), SignatureRejectedError("invalid assertion"))

    assert record.next_attempt == NOON + 5 * MINUTE
    assert record.kind.blames_credentials


def is_doubted_after(before: State, failure: FailureError) -> bool:
    after = failing.after_login_failure(before, failure, AT, renew_request="7")
    return after.held is not None and after.held.is_doubted


def test_refusal_that_may_have_ended_the_session_makes_the_token_doubted() -> None:
    inactive = UserInactiveError("inactive user")

    assert is_doubted_after(a_state(), inactive)
    assert not is_doubted_after(a_state(), UNAVAILABLE)
    assert not is_doubted_after(a_state(held=None), inactive)
    assert not is_doubted_after(a_state(held=a_held_token(dead_since=NOON)), inactive)


@pytest.mark.parametrize(
    ("before", "is_doubted"),
    [
        pytest.param({}, False, id="a retry"),
        pytest.param({"kind": UserNotApprovedError}, True, id="another reason"),
        pytest.param({"basis": "older"}, True, id="after a change of spec or sources"),
    ],
)
def test_refusal_makes_the_token_doubted_once(before: dict[str, Any], is_doubted: bool) -> None:
    refused = a_failure_record(kind=UserInactiveError, failure_class=FailureClass.TERMINAL)
    state = a_state(login_failure=replace(refused, **before))

    assert is_doubted_after(state, UserInactiveError("inactive user")) is is_doubted


def test_verification_without_an_answer_proves_nothing() -> None:
    after = failing.after_verification_failure(a_state(), UNAVAILABLE, AT)

    assert after.held == a_state().held
    assert after.verification_failure is not None


def test_source_failure_is_looked_at_again_every_30_seconds() -> None:
    missing = SourceSecretMissingError("Secret crm-key does not exist.")
    once = failing.after_source_failure(a_state(), missing, AT)
    twice = failing.after_source_failure(once, missing, AT)
    other = failing.after_source_failure(twice, KeyInvalidError("No key."), AT)

    assert [one.source_failure and one.source_failure.count for one in (once, twice, other)] == [
        1,
        2,
        1,
    ]
    assert other.source_failure is not None
    assert other.source_failure.next_attempt == NOON + 30 * SECOND
    assert other.source_failure.kind.blames_credentials


def test_good_sources_end_the_source_failure() -> None:
    failing_state = a_state(source_failure=a_failure_record())

    assert failing.after_good_sources(failing_state).source_failure is None
    assert failing.after_good_sources(a_state()) == a_state()


@pytest.mark.parametrize(
    ("held", "now", "remaining"),
    [
        pytest.param(None, NOON, None, id="no token"),
        pytest.param(a_held_token(dead_since=NOON), NOON, None, id="dead"),
        pytest.param(a_held_token(), NOON, 30 * MINUTE, id="the half that is safe"),
        pytest.param(a_held_token(), NOON + 29 * MINUTE, MINUTE, id="safe for a minute"),
        pytest.param(a_held_token(), NOON + 40 * MINUTE, 20 * MINUTE, id="then to the expiry"),
        pytest.param(a_held_token(), NOON + HOUR, None, id="expired"),
    ],
)
def test_remaining_life(held: HeldToken | None, now: datetime, remaining: timedelta | None) -> None:
    assert remaining_life(a_state(held=held), token_settings(), now) == remaining
