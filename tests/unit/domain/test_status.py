"""What a status is written for."""

from dataclasses import replace

import pytest

from support.builders import IDENTITY, MINUTE, NOON
from token_operator.domain.failures import FailureClass
from token_operator.domain.status import (
    Condition,
    FailureStatus,
    Status,
    TokenStatus,
    is_worth_writing,
)
from token_operator.domain.token import ExpirySource

TOKEN = TokenStatus(
    issued_at=NOON,
    expires_at=NOON,
    expiry_source=ExpirySource.CONFIGURED,
    renewal_time=NOON,
    verified_at=NOON,
    fingerprint="sha256:0",
    identity_hash=IDENTITY,
)
FAILURE = FailureStatus(
    failure_class=FailureClass.TRANSIENT,
    reason="NetworkError",
    count=2,
    since=NOON,
    next_attempt_time=NOON,
    token_safe_until=NOON,
)
READY = Condition(
    type="Ready",
    status="True",
    reason="TokenCurrent",
    message="Good.",
    observed_generation=1,
    last_transition_time=NOON,
)
OLD = Status(token=TOKEN, failure=FAILURE, conditions=(READY,))
LATER = NOON + MINUTE


@pytest.mark.parametrize(
    ("new", "worth"),
    [
        pytest.param(OLD, False, id="nothing new"),
        pytest.param(
            replace(OLD, token=replace(TOKEN, verified_at=LATER, expires_at=LATER)),
            False,
            id="another proof",
        ),
        pytest.param(
            replace(
                OLD,
                failure=replace(FAILURE, count=3, next_attempt_time=LATER, token_safe_until=None),
            ),
            False,
            id="count 3 after 2",
        ),
        pytest.param(replace(OLD, failure=replace(FAILURE, count=4)), True, id="count 4"),
        pytest.param(replace(OLD, failure=replace(FAILURE, reason="TLSError")), True, id="reason"),
        pytest.param(replace(OLD, failure=None), True, id="failure over"),
        pytest.param(replace(OLD, token=replace(TOKEN, renewal_time=LATER)), True, id="renewed"),
        pytest.param(replace(OLD, token=None), True, id="no token"),
        pytest.param(replace(OLD, last_handled_renew_request="1"), True, id="request handled"),
        pytest.param(replace(OLD, conditions=()), True, id="condition"),
    ],
)
def test_status_is_written_when_it_tells_more_than_the_passing_of_time(
    new: Status, worth: bool
) -> None:
    assert is_worth_writing(new, OLD) is worth


def test_condition_is_found_by_its_type() -> None:
    assert OLD.condition("Ready") == READY
    assert OLD.condition("Stalled") is None
