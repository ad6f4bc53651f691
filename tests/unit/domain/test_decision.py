"""What is done next, check by check."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from support.builders import (
    HOUR,
    MINUTE,
    NOON,
    OTHER_IDENTITY,
    SECOND,
    UID,
    a_connection,
    a_failure_record,
    a_held_token,
    a_state,
    a_token,
    seen,
    token_settings,
)
from token_operator.domain import life
from token_operator.domain.backoff import Bucket
from token_operator.domain.connection import TokenSettings
from token_operator.domain.decision import (
    Decision,
    Keep,
    Publish,
    Refuse,
    Renew,
    Revoke,
    Verify,
    Wait,
    decide,
)
from token_operator.domain.failures import NotSupportedYetError
from token_operator.domain.observation import Observation
from token_operator.domain.renewing import next_renewal
from token_operator.domain.token import Verifier

RENEWAL = life.renewal_time(a_held_token(), token_settings(), UID)
NOT_VERIFIED = token_settings(verify_interval=timedelta())
DEAD = a_held_token(dead_since=NOON)
DOUBTED = replace(DEAD, same_answers=2)
REFUSAL = NotSupportedYetError("spec.restartWorkloads is not supported by this version.")


def test_proven_token_is_kept_until_the_next_verification() -> None:
    assert decide(seen()) == Keep(until=NOON + 5 * MINUTE)


def test_token_that_nobody_verifies_is_kept_until_its_renewal() -> None:
    assert decide(seen(settings=NOT_VERIFIED)) == Keep(until=RENEWAL)


def test_renewal_falls_between_52_and_60_percent_of_the_life() -> None:
    assert NOON + HOUR * 0.52 <= RENEWAL <= NOON + HOUR * 0.6


def test_connection_is_looked_at_again_when_its_targets_want_it() -> None:
    soon = NOON + 30 * SECOND

    assert decide(seen(look_again_at=soon)) == Keep(until=soon)


@pytest.mark.parametrize(
    ("observation", "reason"),
    [
        pytest.param(seen(held=None), "TokenMissing", id="no token yet"),
        pytest.param(seen(identity_hash=OTHER_IDENTITY), "IdentityChanged", id="another org"),
        pytest.param(seen(held=DEAD), "TokenDied", id="token dead"),
        pytest.param(
            seen(connection=a_connection(renew_request="2")), "RenewalRequested", id="asked for"
        ),
        pytest.param(seen(key_fingerprint="SHA256:new"), "KeyChanged", id="another key"),
        pytest.param(seen(now=RENEWAL), "RenewalDue", id="at the renewal time"),
        pytest.param(
            seen(
                now=NOON + 10 * SECOND, state=a_state(login_failure=a_failure_record())
            ),
            "LoginFailed",
            id="after a failure",
        ),
    ],
)  # fmt: skip
def test_login_has_a_reason(observation: Observation, reason: str) -> None:
    assert decide(observation) == Renew(reason)


@pytest.mark.parametrize(
    ("observation", "decision"),
    [
        pytest.param(
            seen(held=None, connection=a_connection(suspend=True)), Wait(None), id="without a token"
        ),
        pytest.param(
            seen(connection=a_connection(suspend=True)), Wait(NOON + HOUR), id="until the expiry"
        ),
        pytest.param(
            seen(connection=a_connection(suspend=True), now=NOON + HOUR), Wait(None), id="expired"
        ),
    ],
)
def test_suspended_connection_waits(observation: Observation, decision: Decision) -> None:
    assert decide(observation) == decision


@pytest.mark.parametrize(
    ("observation", "decision"),
    [
        pytest.param(
            seen(held=replace(DEAD, is_proven=False, same_answers=1, ask_again_at=NOON + SECOND)),
            Wait(NOON + SECOND),
            id="the first same answer: ask again",
        ),
        pytest.param(
            seen(held=replace(DOUBTED, is_proven=False)),
            Verify(Verifier.LIMITS),
            id="the second: prove that it is dead",
        ),
        pytest.param(seen(held=DOUBTED), Revoke(), id="proven dead again: revoke"),
        pytest.param(
            seen(held=DOUBTED, is_shared=True), Renew("TokenDied"), id="shared: never revoke"
        ),
        pytest.param(
            seen(state=a_state(held=DOUBTED, revoked_at=NOON - 59 * MINUTE)),
            Renew("TokenDied"),
            id="revoked within the hour: do not",
        ),
        pytest.param(
            seen(held=DOUBTED, identity_hash=OTHER_IDENTITY),
            Renew("IdentityChanged"),
            id="of another identity: not ours to revoke",
        ),
        pytest.param(
            seen(state=a_state(held=DOUBTED, source_failure=a_failure_record())),
            Wait(NOON + 10 * SECOND),
            id="no key to log in with: revoking gains nothing",
        ),
    ],
)
def test_dead_token_that_comes_again_is_proven_then_revoked(
    observation: Observation, decision: Decision
) -> None:
    assert decide(observation) == decision


@pytest.mark.parametrize(
    ("observation", "decision"),
    [
        pytest.param(
            seen(held=None, state=a_state(held=None, bucket=Bucket(0, NOON))),
            Wait(NOON + 10 * SECOND),
            id="no attempt left",
        ),
        pytest.param(
            seen(state=a_state(held=None, login_failure=a_failure_record())),
            Wait(NOON + 10 * SECOND),
            id="too soon after a failure",
        ),
        pytest.param(
            seen(state=a_state(held=None, login_failure=a_failure_record(basis="older"))),
            Renew("TokenMissing"),
            id="the spec has changed since the failure",
        ),
        pytest.param(
            seen(state=a_state(held=None, source_failure=a_failure_record())),
            Wait(NOON + 10 * SECOND),
            id="no key",
        ),
        pytest.param(
            seen(state=a_state(held=None), spec_problem=REFUSAL),
            Refuse("NotSupportedYet", None),
            id="refused",
        ),
    ],
)
def test_login_that_is_wanted_waits_until_it_is_possible(
    observation: Observation, decision: Decision
) -> None:
    assert decide(observation) == decision


@pytest.mark.parametrize(
    ("held", "verifier"),
    [
        pytest.param(a_held_token(is_proven=False), Verifier.LIMITS, id="REST by the scope api"),
        pytest.param(
            a_held_token(is_proven=False, token=a_token(scopes=())), Verifier.LIMITS, id="no scopes"
        ),
        pytest.param(
            a_held_token(is_proven=False, token=a_token(scopes=("openid",))),
            Verifier.USERINFO,
            id="without the scope",
        ),
        pytest.param(
            a_held_token(is_proven=False, limits_refused=True), Verifier.USERINFO, id="REST refused"
        ),
        pytest.param(
            a_held_token(is_proven=False, api_usage=0.81), Verifier.USERINFO, id="81 % used"
        ),
        pytest.param(a_held_token(is_proven=False, api_usage=0.8), Verifier.LIMITS, id="80 % used"),
        pytest.param(
            a_held_token(is_proven=False, api_usage=0.81, limits_at=NOON - 15 * MINUTE),
            Verifier.LIMITS,
            id="81 % used and no REST call for a fourth of the life",
        ),
        pytest.param(
            a_held_token(is_proven=False, api_usage=0.81, limits_at=None),
            Verifier.LIMITS,
            id="81 % used and no REST call ever",
        ),
        pytest.param(
            a_held_token(is_proven=False, api_usage=0.81, userinfo_refused=True),
            Verifier.LIMITS,
            id="81 % used and userinfo refused",
        ),
    ],
)
def test_token_is_verified_by_the_best_way(held: life.HeldToken, verifier: Verifier) -> None:
    assert decide(seen(held=held)) == Verify(verifier)


def test_resumed_token_is_verified_before_a_renewal_that_was_asked_for() -> None:
    held = a_held_token(is_proven=False, must_prove=True)
    asked = a_connection(renew_request="8")

    assert decide(seen(held=held, connection=asked)) == Verify(Verifier.LIMITS)


def test_resumed_token_that_cannot_be_verified_now_does_not_hold_up_a_renewal() -> None:
    held = a_held_token(is_proven=False, must_prove=True)
    failing = a_failure_record(next_attempt=NOON + MINUTE)
    state = a_state(held=held, verification_failure=failing)

    decision = decide(seen(state=state, connection=a_connection(renew_request="8")))

    assert decision == Renew("RenewalRequested")


@pytest.mark.parametrize("settings", [token_settings(), NOT_VERIFIED], ids=["5m", "0s"])
def test_doubted_token_is_verified_at_once(settings: TokenSettings) -> None:
    state = a_state(held=a_held_token(is_doubted=True), login_failure=a_failure_record())

    assert decide(seen(state=state, settings=settings)) == Verify(Verifier.LIMITS)


def test_token_that_nothing_can_verify_is_kept() -> None:
    held = a_held_token(is_proven=False, limits_refused=True, userinfo_refused=True)

    assert decide(seen(held=held)) == Keep(RENEWAL)


def test_verification_that_failed_is_tried_again_after_its_delay() -> None:
    state = a_state(held=a_held_token(is_proven=False), verification_failure=a_failure_record())

    assert decide(seen(state=state)) == Keep(NOON + 10 * SECOND)


def test_token_of_another_identity_is_not_kept_alive() -> None:
    state = a_state(
        held=a_held_token(is_proven=False, identity_hash=OTHER_IDENTITY),
        login_failure=a_failure_record(),
    )

    assert decide(seen(state=state)) == Wait(NOON + 10 * SECOND)


def test_new_token_is_verified_before_it_is_published() -> None:
    held = a_held_token(is_proven=False)

    assert decide(seen(held=held, targets_need_work=True)) == Verify(Verifier.LIMITS)
    assert decide(seen(targets_need_work=True)) == Publish()


@pytest.mark.parametrize("targets_need_work", [True, False], ids=["differ", "same"])
def test_refused_connection_writes_nothing_and_keeps_its_token_alive(
    targets_need_work: bool,
) -> None:
    observation = seen(spec_problem=REFUSAL, targets_need_work=targets_need_work)

    assert decide(observation) == Refuse("NotSupportedYet", NOON + 5 * MINUTE)


def test_dead_token_is_not_verified_again_while_the_login_waits() -> None:
    state = a_state(held=DEAD, login_failure=a_failure_record(next_attempt=NOON + MINUTE))

    assert decide(seen(state=state)) == Wait(NOON + MINUTE)


def test_dead_token_of_another_identity_is_replaced_without_waiting_to_ask_again() -> None:
    held = replace(DEAD, ask_again_at=NOON + MINUTE, identity_hash=OTHER_IDENTITY)

    assert decide(seen(held=held)) == Renew("IdentityChanged")


def test_token_that_comes_unchanged_is_renewed_at_its_expiry() -> None:
    exp: datetime = NOON + 2 * HOUR
    held = a_held_token(token=a_token(fixed_expiry=exp), comes_unchanged=True)

    assert decide(seen(held=held, settings=NOT_VERIFIED)) == Keep(exp)


def test_nothing_is_renewed_without_a_token() -> None:
    assert next_renewal(seen(held=None)) is None
