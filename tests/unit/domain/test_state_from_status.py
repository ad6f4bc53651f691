"""What a status read at the start says about a connection."""

from dataclasses import replace
from datetime import datetime

import pytest

from support.builders import HOUR, IDENTITY, MINUTE, NOON, SECOND, UID, a_connection, a_token
from token_operator.domain import life
from token_operator.domain.failures import FailureClass, UserNotApprovedError
from token_operator.domain.state import LONG_AGO, FailureRecord, after_host_recovery
from token_operator.domain.state_from_status import (
    FoundToken,
    basis_of,
    first_due,
    held_from,
    state_from,
)
from token_operator.domain.status import (
    AuthStatus,
    Condition,
    FailureStatus,
    Status,
    TokenStatus,
)
from token_operator.domain.token import ExpirySource

TOKEN = TokenStatus(
    issued_at=NOON,
    expires_at=NOON + HOUR,
    expiry_source=ExpirySource.CONFIGURED,
    renewal_time=NOON + 50 * MINUTE,
    verified_at=NOON + 5 * MINUTE,
    fingerprint=a_token().fingerprint,
    identity_hash=IDENTITY,
    scopes=("api", "id"),
)
READY = Condition(
    type="Ready",
    status="True",
    reason="TokenCurrent",
    message="Good.",
    observed_generation=1,
    last_transition_time=NOON,
)
FAILURE = FailureStatus(
    failure_class=FailureClass.TRANSIENT,
    reason="UserNotApproved",
    count=4,
    since=NOON,
    next_attempt_time=NOON + MINUTE,
)
STATUS = Status(
    observed_generation=1,
    conditions=(READY,),
    token=TOKEN,
    api_version="65.0",
    auth=AuthStatus(
        grant="JWTBearer", key_fingerprint="SHA256:k", source_versions=(("crm-key", "9"),)
    ),
    last_handled_renew_request="7",
)
FOUND = FoundToken(
    token=a_token(), identity_hash=IDENTITY, issued_at=NOON, shown_expiry=NOON + 90 * MINUTE
)


def test_basis_names_spec_sources_in_order_and_request() -> None:
    assert basis_of(3, (("b", "2"), ("a", "1")), "7") == "3|a=1,b=2|7"


def test_state_is_what_the_status_tells() -> None:
    state = state_from(a_connection(), STATUS, NOON)

    assert state.basis == "1|crm-key=9|7"
    assert (state.proven_credential_mark, state.api_version) == ("SHA256:k", "65.0")
    assert (state.handled_renew_request, state.changed_at) == ("7", LONG_AGO)
    assert (state.held, state.login_failure) == (None, None)


def test_connection_without_a_status_is_new() -> None:
    state = state_from(a_connection(), Status(), NOON)

    assert (state.basis, state.changed_at, state.proven_credential_mark) == ("", NOON, "")


def a_condition(kind: str, reason: str, message: str) -> Condition:
    return replace(READY, type=kind, reason=reason, message=message)


def restored_failure(*conditions: Condition) -> FailureRecord:
    status = replace(STATUS, failure=FAILURE, conditions=conditions)
    failure = state_from(a_connection(), status, NOON).login_failure
    assert failure is not None
    return failure


def test_failure_is_remembered_with_its_next_attempt() -> None:
    state = state_from(a_connection(), replace(STATUS, failure=FAILURE), NOON)

    assert state.login_failure is not None
    assert state.login_failure.next_attempt == NOON + MINUTE
    assert state.login_failure.count == 4
    assert state.login_failure.basis == state.basis


TARGET_REFUSED = "Secret crm-token belongs to another owner."


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        pytest.param(
            (READY, a_condition("Reconciling", "UserNotApproved", "Refused.")),
            "Refused.",
            id="the condition about it",
        ),
        pytest.param(
            (
                a_condition("Ready", "TargetNotOwned", TARGET_REFUSED),
                a_condition("CredentialsValid", "UserNotApproved", "Refused."),
                a_condition("Stalled", "TargetNotOwned", TARGET_REFUSED),
            ),
            "Refused.",
            id="beside a refused target",
        ),
        pytest.param(
            (
                a_condition(
                    "Ready", "TokenCurrent", "The targets hold a working token. However: No."
                ),
            ),
            "No.",
            id="suspended: what Ready adds",
        ),
        pytest.param(
            (
                a_condition("Ready", "TargetNotOwned", TARGET_REFUSED),
                a_condition("Stalled", "TargetNotOwned", TARGET_REFUSED),
            ),
            f"The last attempt before the operator restarted failed. {UserNotApprovedError.remedy}",
            id="a refused target hides it",
        ),
        pytest.param(
            (a_condition("Ready", "Suspended", "The connection is suspended."),),
            f"The last attempt before the operator restarted failed. {UserNotApprovedError.remedy}",
            id="a suspension hides it",
        ),
    ],
)
def test_failure_is_remembered_in_its_own_words(
    conditions: tuple[Condition, ...], message: str
) -> None:
    assert restored_failure(*conditions).message == message


@pytest.mark.parametrize(
    "reason", ["KeyInvalid", "TargetNotOwned", "TargetRefused", "NotSupportedYet"]
)
def test_failure_without_a_call_asks_for_no_login_after_a_restart(reason: str) -> None:
    status = replace(STATUS, failure=replace(FAILURE, reason=reason))

    state = state_from(a_connection(), status, NOON)

    assert (state.login_failure, state.verification_failure) == (None, None)


@pytest.mark.parametrize("reason", ["NetworkError", "RequestRateExceeded"])
def test_failing_host_asks_for_no_login_where_there_is_a_token(reason: str) -> None:
    status = replace(STATUS, failure=replace(FAILURE, reason=reason))

    with_token = state_from(a_connection(), status, NOON)
    without = state_from(a_connection(), replace(status, token=None), NOON)

    assert with_token.login_failure is None
    assert with_token.verification_failure is not None
    assert with_token.verification_failure.next_attempt == NOON + MINUTE
    assert without.login_failure is not None


def test_failing_host_is_host_wide_again_after_a_restart() -> None:
    status = replace(STATUS, failure=replace(FAILURE, reason="NetworkError"))

    again = after_host_recovery(state_from(a_connection(), status, NOON), NOON + SECOND)

    assert again.verification_failure is not None
    assert again.verification_failure.next_attempt == NOON + SECOND


def test_refused_credentials_are_blamed_again_after_a_restart() -> None:
    status = replace(STATUS, failure=replace(FAILURE, reason="UserInactive"))

    failure = state_from(a_connection(), status, NOON).login_failure

    assert failure is not None
    assert failure.kind.blames_credentials


def test_failure_of_a_later_version_is_remembered_by_its_reason() -> None:
    status = replace(STATUS, failure=replace(FAILURE, reason="QuantumLost"))

    failure = state_from(a_connection(), status, NOON).login_failure

    assert failure is not None
    assert (failure.reason, failure.failure_class) == ("QuantumLost", FailureClass.TRANSIENT)


@pytest.mark.parametrize("source", [ExpirySource.RESPONSE, ExpirySource.TOKEN_CLAIM])
def test_renewal_of_a_fixed_expiry_is_due_after_a_restart_as_before(source: ExpirySource) -> None:
    token = replace(TOKEN, expiry_source=source)

    held = held_from(FOUND, replace(STATUS, token=token), a_connection(uid=UID))

    due = life.renewal_time(held, a_connection().token, UID)
    assert abs(due - TOKEN.renewal_time) <= SECOND or held.login_at == TOKEN.issued_at


@pytest.mark.parametrize(
    ("status", "asked", "due"),
    [
        pytest.param(Status(), "", NOON, id="no token"),
        pytest.param(replace(STATUS, conditions=()), "", NOON, id="never judged"),
        pytest.param(
            replace(STATUS, conditions=(replace(READY, status="False"),)), "", NOON, id="not ready"
        ),
        pytest.param(replace(STATUS, observed_generation=0), "", NOON, id="another spec"),
        pytest.param(STATUS, "8", NOON, id="asked to renew"),
        pytest.param(
            replace(STATUS, token=replace(TOKEN, renewal_time=NOON - HOUR)),
            "",
            NOON,
            id="renewal overdue",
        ),
        pytest.param(STATUS, "7", NOON + 5 * MINUTE * life.share_of(UID), id="well: spread"),
    ],
)
def test_first_pass_is_due(status: Status, asked: str, due: datetime) -> None:
    connection = a_connection(renew_request=asked)

    assert first_due(connection, status, NOON, 5 * MINUTE) == due


def test_token_is_found_again_with_its_two_clocks_and_is_to_be_proven() -> None:
    connection = a_connection()

    held = held_from(FOUND, STATUS, connection)

    assert (held.issued_at, held.proof_at) == (NOON, NOON + 5 * MINUTE)
    assert not held.is_proven
    assert not held.passed_userinfo
    renewal = life.renewal_time(held, connection.token, connection.uid)
    assert abs(renewal - TOKEN.renewal_time) < SECOND


def test_token_without_the_scope_api_was_verified_by_userinfo() -> None:
    told = replace(TOKEN, scopes=("openid",))

    held = held_from(FOUND, replace(STATUS, token=told), a_connection())
    never = held_from(FOUND, replace(STATUS, token=replace(told, verified_at=None)), a_connection())

    assert held.passed_userinfo
    assert not never.passed_userinfo


@pytest.mark.parametrize("comes_unchanged", [True, False])
def test_fixed_expiry_is_found_again(comes_unchanged: bool) -> None:
    renewal = TOKEN.expires_at if comes_unchanged else TOKEN.renewal_time
    told = replace(TOKEN, expiry_source=ExpirySource.TOKEN_CLAIM, renewal_time=renewal)

    held = held_from(FOUND, replace(STATUS, token=told), a_connection())

    assert held.token.fixed_expiry == TOKEN.expires_at
    assert held.comes_unchanged is comes_unchanged


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(Status(), id="no status"),
        pytest.param(
            replace(STATUS, token=replace(TOKEN, fingerprint="sha256:0")), id="of another token"
        ),
    ],
)
def test_target_wins_over_a_status_that_does_not_know_its_token(status: Status) -> None:
    held = held_from(FOUND, status, a_connection())
    bare = held_from(replace(FOUND, shown_expiry=None), status, a_connection())

    assert (held.issued_at, held.login_at) == (NOON, NOON + 30 * MINUTE)
    assert bare.login_at == NOON


@pytest.mark.parametrize(
    ("reason", "since", "is_doubted"),
    [
        pytest.param("UserInactive", NOON + 6 * MINUTE, True, id="refused after the last proof"),
        pytest.param("UserInactive", NOON + 5 * MINUTE, False, id="verified since"),
        pytest.param("NetworkError", NOON + 6 * MINUTE, False, id="no refusal"),
    ],
)
def test_token_is_doubted_after_a_restart_as_before(
    reason: str, since: datetime, is_doubted: bool
) -> None:
    failure = replace(FAILURE, reason=reason, since=since)

    held = held_from(FOUND, replace(STATUS, failure=failure), a_connection())

    assert held.is_doubted is is_doubted
