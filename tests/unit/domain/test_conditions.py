"""The conditions of a connection: the table of the design, row by row."""

from dataclasses import replace
from typing import Any

import pytest

from support.builders import (
    HOUR,
    IDENTITY,
    MINUTE,
    NOON,
    OTHER_IDENTITY,
    a_connection,
    a_failure_record,
    a_held_token,
    a_state,
)
from token_operator.domain.conditions import Situation, conditions_of
from token_operator.domain.failures import (
    FailureClass,
    HostNotAllowedError,
    LoginRateExceededError,
    NotSupportedYetError,
    TargetNotOwnedError,
    UserNotApprovedError,
)
from token_operator.domain.state import FailureRecord, State
from token_operator.domain.status import Condition

GOOD = {
    "Ready": "True TokenCurrent",
    "TokenValid": "True Verified",
    "CredentialsValid": "True CredentialsAccepted",
    "TargetsSynced": "True Synced",
}
TRANSIENT = a_failure_record()
RATE_LIMITED = a_failure_record(
    failure_class=FailureClass.RATE_LIMITED, kind=LoginRateExceededError
)
ECHO = a_failure_record(kind=UserNotApprovedError)
REFUSED = replace(ECHO, failure_class=FailureClass.TERMINAL)
TERMINAL = replace(REFUSED, kind=HostNotAllowedError)
DEAD = a_held_token(dead_since=NOON)
NOT_OWNED = TargetNotOwnedError("Secret crm-token is not ours.")
ACCEPTED = Condition(
    type="CredentialsValid",
    status="True",
    reason="CredentialsAccepted",
    message="Salesforce accepted the last login.",
    observed_generation=1,
    last_transition_time=NOON - HOUR,
)


def a_situation(**changes: Any) -> Situation:
    """Return a situation in good order, changed as told; ``held`` and ``failure`` reach in."""
    state: State = changes.pop("state", None) or a_state()
    if "held" in changes:
        state = replace(state, held=changes.pop("held"))
    if "failure" in changes:
        state = replace(state, login_failure=changes.pop("failure"))
    plain = Situation(
        now=NOON,
        connection=a_connection(),
        state=state,
        identity_hash=IDENTITY,
        targets_synced=True,
        previous=(ACCEPTED,),
    )
    return replace(plain, **changes)


def shown(situation: Situation) -> dict[str, str]:
    return {one.type: f"{one.status} {one.reason}" for one in conditions_of(situation)}


def suspended(**changes: Any) -> Situation:
    return a_situation(connection=a_connection(suspend=True), **changes)


def failing_row(record: FailureRecord) -> dict[str, str]:
    return GOOD | {"Reconciling": f"True {record.reason}"}


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        pytest.param(a_situation(), GOOD, id="good"),
        pytest.param(a_situation(failure=TRANSIENT), failing_row(TRANSIENT), id="transient, alive"),
        pytest.param(
            a_situation(state=a_state(verification_failure=TRANSIENT)),
            failing_row(TRANSIENT),
            id="verification without an answer",
        ),
        pytest.param(
            a_situation(failure=RATE_LIMITED), failing_row(RATE_LIMITED), id="rate limited, alive"
        ),
        pytest.param(a_situation(failure=ECHO), failing_row(ECHO), id="may be propagation, alive"),
        pytest.param(
            a_situation(failure=REFUSED),
            GOOD
            | {
                "Ready": "False UserNotApproved",
                "CredentialsValid": "False UserNotApproved",
                "Stalled": "True UserNotApproved",
            },
            id="terminal, alive, their fault",
        ),
        pytest.param(
            a_situation(failure=TERMINAL),
            GOOD | {"Ready": "False HostNotAllowed", "Stalled": "True HostNotAllowed"},
            id="terminal, alive, not their fault",
        ),
        pytest.param(
            a_situation(failure=TERMINAL, now=NOON + HOUR),
            GOOD
            | {
                "Ready": "False HostNotAllowed",
                "TokenValid": "False TokenExpired",
                "Stalled": "True HostNotAllowed",
            },
            id="terminal, expired",
        ),
        pytest.param(
            a_situation(held=DEAD),
            GOOD
            | {
                "Ready": "False TokenDied",
                "TokenValid": "False TokenDied",
                "Reconciling": "True TokenDied",
            },
            id="dead, not yet replaced",
        ),
        pytest.param(
            a_situation(held=DEAD, failure=TRANSIENT),
            GOOD
            | {
                "Ready": "False SalesforceUnavailable",
                "TokenValid": "False TokenDied",
                "Reconciling": "True SalesforceUnavailable",
            },
            id="dead, transient",
        ),
        pytest.param(
            a_situation(held=DEAD, failure=REFUSED),
            GOOD
            | {
                "Ready": "False UserNotApproved",
                "TokenValid": "False TokenDied",
                "CredentialsValid": "False UserNotApproved",
                "Stalled": "True UserNotApproved",
            },
            id="dead, terminal",
        ),
        pytest.param(
            a_situation(held=None, targets_synced=False, previous=()),
            {
                "Ready": "False TokenPending",
                "TokenValid": "Unknown TokenPending",
                "CredentialsValid": "Unknown LoginPending",
                "TargetsSynced": "False TargetsPending",
                "Reconciling": "True TokenPending",
            },
            id="never had one, not yet tried",
        ),
        pytest.param(
            a_situation(held=None, failure=ECHO, targets_synced=False, previous=()),
            {
                "Ready": "False UserNotApproved",
                "TokenValid": "Unknown TokenPending",
                "CredentialsValid": "Unknown LoginPending",
                "TargetsSynced": "False TargetsPending",
                "Reconciling": "True UserNotApproved",
            },
            id="never had one, may be propagation",
        ),
        pytest.param(
            a_situation(held=None, failure=REFUSED, targets_synced=False, previous=()),
            {
                "Ready": "False UserNotApproved",
                "TokenValid": "Unknown TokenPending",
                "CredentialsValid": "False UserNotApproved",
                "TargetsSynced": "False TargetsPending",
                "Stalled": "True UserNotApproved",
            },
            id="never had one, terminal",
        ),
        pytest.param(
            a_situation(target_failure=NOT_OWNED, targets_synced=False),
            GOOD
            | {
                "Ready": "False TargetNotOwned",
                "TargetsSynced": "False TargetNotOwned",
                "Stalled": "True TargetNotOwned",
            },
            id="target refused",
        ),
        pytest.param(
            a_situation(target_failure=NOT_OWNED, failure=TRANSIENT, targets_synced=False),
            GOOD
            | {
                "Ready": "False TargetNotOwned",
                "TargetsSynced": "False TargetNotOwned",
                "Stalled": "True TargetNotOwned",
            },
            id="target refused and a transient failure",
        ),
        pytest.param(
            a_situation(targets_synced=False),
            GOOD
            | {
                "Ready": "False TargetsPending",
                "TargetsSynced": "False TargetsPending",
                "Reconciling": "True TargetsPending",
            },
            id="target to be written",
        ),
        pytest.param(
            suspended(held=None, targets_synced=False),
            {
                "Ready": "False Suspended",
                "TokenValid": "Unknown TokenPending",
                "CredentialsValid": "True CredentialsAccepted",
                "TargetsSynced": "False TargetsPending",
            },
            id="suspended without a token",
        ),
        pytest.param(
            suspended(now=NOON + HOUR, failure=TERMINAL),
            GOOD | {"Ready": "False Suspended", "TokenValid": "Unknown Suspended"},
            id="suspended and expired",
        ),
        pytest.param(
            a_situation(cannot_verify=True),
            GOOD | {"TokenValid": "Unknown VerificationImpossible"},
            id="no way to verify",
        ),
        pytest.param(
            a_situation(held=a_held_token(verified_at=None)),
            GOOD | {"TokenValid": "Unknown Unverified"},
            id="not yet verified",
        ),
        pytest.param(
            a_situation(identity_hash=OTHER_IDENTITY),
            GOOD | {"Ready": "False IdentityChanged", "Reconciling": "True TargetsPending"},
            id="another identity",
        ),
        pytest.param(
            a_situation(
                spec_problem=NotSupportedYetError("spec.restartWorkloads is not supported.")
            ),
            GOOD | {"Ready": "False NotSupportedYet", "Stalled": "True NotSupportedYet"},
            id="refused",
        ),
    ],
)
def test_conditions_of(situation: Situation, expected: dict[str, str]) -> None:
    assert shown(situation) == expected


def test_suspended_connection_keeps_its_conditions_until_the_token_expires() -> None:
    before = conditions_of(a_situation(failure=TRANSIENT))

    kept = conditions_of(suspended(failure=TRANSIENT, previous=before, now=NOON + MINUTE))

    assert {one.type: f"{one.status} {one.reason}" for one in kept} == GOOD
    assert {one.last_transition_time for one in kept} == {NOON, NOON - HOUR}


def test_message_of_a_ready_connection_tells_the_failure() -> None:
    ready = conditions_of(a_situation(failure=TRANSIENT))[0]

    assert TRANSIENT.message in ready.message


def test_condition_is_dated_by_its_last_transition() -> None:
    first = conditions_of(a_situation(previous=()))
    same = conditions_of(a_situation(previous=first, now=NOON + MINUTE))
    changed = conditions_of(
        a_situation(previous=first, failure=TERMINAL, now=NOON + MINUTE)
    )  # fmt: skip

    assert same == first
    assert changed[0].last_transition_time == NOON + MINUTE


def test_message_stays_the_same_from_one_retry_to_the_next() -> None:
    once = conditions_of(a_situation(failure=TRANSIENT))
    again = conditions_of(
        a_situation(failure=replace(TRANSIENT, count=9, next_attempt=NOON + HOUR), previous=once)
    )

    assert again == once


def test_doubted_token_is_not_called_valid() -> None:
    situation = a_situation(held=a_held_token(is_doubted=True), failure=ECHO)

    shown = {one.type: one for one in conditions_of(situation)}

    assert (shown["TokenValid"].status, shown["TokenValid"].reason) == ("Unknown", "Unverified")
    assert shown["Ready"].message == (
        f"The token has not been verified since Salesforce refused a login. {ECHO.message}"
    )
