"""How each fact changes what the operator remembers."""

from dataclasses import replace
from datetime import datetime

import pytest

from support.builders import (
    BASIS,
    HOUR,
    IDENTITY,
    MINUTE,
    NOON,
    OTHER_TOKEN_VALUE,
    SECOND,
    a_failure_record,
    a_held_token,
    a_state,
    a_token,
    an_org_identity,
    token_settings,
)
from token_operator.domain import state
from token_operator.domain.failures import (
    AnswerInvalidError,
    FailureClass,
    FailureError,
    NetworkError,
)
from token_operator.domain.state import LONG_AGO, Login, State
from token_operator.domain.token import AccessToken, Proof, Verdict, Verifier

LATER = NOON + 30 * MINUTE
DEAD = a_held_token(dead_since=NOON + MINUTE)


def a_login(token: AccessToken | None = None) -> Login:
    return Login(
        token=token or a_token(),
        identity_hash=IDENTITY,
        key_fingerprint="SHA256:new",
        renew_request="7",
        now=LATER,
    )


def a_proof(verdict: Verdict, verifier: Verifier = Verifier.LIMITS) -> Proof:
    return Proof(verdict=verdict, verifier=verifier)


def test_first_look_is_no_change_and_a_later_one_is() -> None:
    first = state.after_basis_seen(State(), "a", NOON)

    assert (first.basis, first.changed_at) == ("a", LONG_AGO)
    assert state.after_basis_seen(first, "a", LATER) is first
    assert state.after_basis_seen(first, "b", LATER).changed_at == LATER


def test_login_that_returns_another_token_starts_both_clocks() -> None:
    after = state.after_login(a_state(), a_login(a_token(OTHER_TOKEN_VALUE)), token_settings())

    assert after.held is not None
    assert (after.held.issued_at, after.held.login_at, after.held.proof_at) == (LATER,) * 3
    assert not after.held.is_proven
    assert (after.proven_credential_mark, after.handled_renew_request) == ("SHA256:new", "7")


def test_login_that_returns_the_same_token_moves_only_the_login_clock() -> None:
    before = a_state(login_failure=a_failure_record())
    again = a_token(identity=an_org_identity(username=""))

    after = state.after_login(before, a_login(again), token_settings())

    assert after.held is not None
    assert (after.held.issued_at, after.held.login_at, after.held.proof_at) == (NOON, LATER, NOON)
    assert not after.held.is_proven
    assert after.held.token.identity.username == "integration@acme.example"
    assert after.held.ask_again_at is None
    assert after.login_failure is None


def test_login_makes_way_for_the_verification_of_what_it_brought() -> None:
    before = a_state(verification_failure=a_failure_record())

    assert state.after_login(before, a_login(), token_settings()).verification_failure is None


def test_first_login_holds_the_token() -> None:
    after = state.after_login(State(), a_login(), token_settings())

    assert after.held is not None
    assert after.replaced_at == ()


def test_fixed_expiry_that_stays_is_one_that_comes_unchanged() -> None:
    token = a_token(fixed_expiry=NOON + HOUR)
    before = a_state(held=a_held_token(token=token))

    after = state.after_login(before, a_login(token), token_settings())

    assert after.held is not None
    assert after.held.comes_unchanged


@pytest.mark.parametrize(("answers", "seconds"), [(0, 5), (1, 10), (9, 300)])
def test_dead_token_that_comes_again_is_asked_for_after_a_pause(answers: int, seconds: int) -> None:
    before = a_state(held=replace(DEAD, same_answers=answers))

    after = state.after_login(before, a_login(), token_settings())

    assert after.held is not None
    assert after.held.is_dead
    assert after.held.same_answers == answers + 1
    assert after.held.ask_again_at == LATER + seconds * SECOND


@pytest.mark.parametrize(
    ("issued_hours_ago", "proven_hours_ago", "counted"),
    [
        pytest.param(0, 0, 1, id="early"),
        pytest.param(48, 0, 1, id="early after the last proof of a long life"),
        pytest.param(2, 2, 0, id="a whole life after the last proof"),
    ],
)
def test_early_death_that_was_answered_is_counted(
    issued_hours_ago: int, proven_hours_ago: int, counted: int
) -> None:
    held = replace(
        DEAD, issued_at=NOON - issued_hours_ago * HOUR, proof_at=NOON - proven_hours_ago * HOUR
    )

    after = state.after_login(
        a_state(held=held), a_login(a_token(OTHER_TOKEN_VALUE)), token_settings()
    )

    assert len(after.replaced_at) == counted


def test_proof_of_life_moves_the_session_clock_and_forgets_the_death() -> None:
    before = a_state(held=replace(DEAD, same_answers=2), verification_failure=a_failure_record())
    proof = Proof(
        verdict=Verdict.ALIVE, verifier=Verifier.USERINFO, username="u@acme.example", api_usage=0.9
    )

    after = state.after_proof(before, proof, LATER)

    held = after.held
    assert held is not None
    assert (held.proof_at, held.verified_at, held.dead_since) == (LATER, LATER, None)
    assert (held.is_proven, held.passed_userinfo, held.same_answers) == (True, True, 0)
    assert (held.api_usage, held.token.identity.username) == (0.9, "u@acme.example")
    assert held.limits_at == NOON
    assert after.verification_failure is None


def test_death_by_rest_counts_at_once_and_keeps_its_first_instant() -> None:
    once = state.after_proof(a_state(), a_proof(Verdict.DEAD), LATER)
    twice = state.after_proof(once, a_proof(Verdict.DEAD), LATER + MINUTE)

    assert once.held is not None
    assert twice.held is not None
    assert (once.held.dead_since, twice.held.dead_since) == (LATER, LATER)
    assert once.held.limits_at == LATER


@pytest.mark.parametrize("passed", [True, False], ids=["passed before", "never passed"])
def test_refusal_by_userinfo_is_a_death_only_for_a_token_that_once_passed(passed: bool) -> None:
    before = a_state(held=a_held_token(passed_userinfo=passed))

    after = state.after_proof(before, a_proof(Verdict.DEAD, Verifier.USERINFO), LATER)

    assert after.held is not None
    assert after.held.is_dead is passed
    assert after.held.userinfo_refused is not passed


def test_reply_about_permission_is_no_death() -> None:
    after = state.after_proof(a_state(), a_proof(Verdict.UNDECIDABLE), LATER)

    assert after.held is not None
    assert (after.held.is_dead, after.held.limits_refused) == (False, True)
    assert after.held.proof_at == NOON


def test_fourth_death_within_an_hour_waits_until_the_first_is_old() -> None:
    times = (NOON, NOON + MINUTE, NOON + 2 * MINUTE)

    after = state.after_proof(a_state(replaced_at=times), a_proof(Verdict.DEAD), LATER)

    assert after.login_failure is not None
    assert after.login_failure.failure_class is FailureClass.RATE_LIMITED
    assert after.login_failure.reason == "TokenDied"
    assert after.login_failure.next_attempt == NOON + HOUR
    assert after.login_failure.basis == BASIS


def test_replacements_older_than_an_hour_do_not_count() -> None:
    old = (NOON - HOUR, NOON - 31 * MINUTE, LATER)

    assert state.recent_replacements(a_state(replaced_at=old), LATER) == (LATER,)


def test_revocation_is_free_again_after_an_hour_and_asks_at_once() -> None:
    held = replace(DEAD, same_answers=2, ask_again_at=LATER)

    after = state.after_revocation(a_state(held=held), NOON)

    assert after.held is not None
    assert (after.held.same_answers, after.held.ask_again_at) == (0, None)
    assert not state.may_be_revoked(after, NOON + 59 * MINUTE)
    assert state.may_be_revoked(after, NOON + HOUR)


def test_attempt_takes_from_the_bucket() -> None:
    assert state.after_attempt(State(), NOON).bucket.level_at(NOON) == 2


def test_nothing_is_proven_revoked_or_resumed_without_a_token() -> None:
    nothing = State()

    assert state.after_proof(nothing, a_proof(Verdict.ALIVE), NOON) is nothing
    assert state.after_revocation(nothing, NOON) is nothing
    assert state.after_resumption(nothing) is nothing


def test_resumed_token_has_to_be_proven_first() -> None:
    resumed = state.after_resumption(a_state())

    assert resumed.held is not None
    assert not resumed.held.is_proven
    assert resumed.held.must_prove


@pytest.mark.parametrize(
    ("again", "known", "unchanged"),
    [
        pytest.param(NOON + HOUR + SECOND, NOON + HOUR, True, id="within the noise of the offset"),
        pytest.param(NOON + 2 * HOUR, NOON + 2 * HOUR, False, id="another end"),
    ],
)
def test_end_that_was_measured_a_little_differently_is_the_same(
    again: datetime, known: datetime, unchanged: bool
) -> None:
    token = a_token(fixed_expiry=NOON + HOUR)
    before = a_state(held=a_held_token(token=token))

    after = state.after_login(before, a_login(replace(token, fixed_expiry=again)), token_settings())

    assert after.held is not None
    assert after.held.comes_unchanged is unchanged
    assert after.held.token.fixed_expiry == known


@pytest.mark.parametrize(
    ("kind", "next_attempt"),
    [
        pytest.param(NetworkError, NOON + SECOND, id="of the host: at once"),
        pytest.param(
            AnswerInvalidError, NOON + 10 * SECOND, id="of this connection alone: as before"
        ),
    ],
)
def test_success_on_a_host_wakes_those_that_wait_for_it(
    kind: type[FailureError], next_attempt: object
) -> None:
    failure = a_failure_record(kind=kind)

    woken = state.after_host_recovery(a_state(login_failure=failure), NOON + SECOND)

    assert woken.login_failure is not None
    assert woken.login_failure.next_attempt == next_attempt
    assert woken.verification_failure is None


@pytest.mark.parametrize(
    ("before", "end"),
    [
        pytest.param(State(), NOON + HOUR, id="nothing held"),
        pytest.param(a_state(), NOON, id="an end that has passed"),
    ],
)
def test_introspection_that_helps_nothing_changes_nothing(before: State, end: datetime) -> None:
    assert state.after_introspection(before, end, NOON) is before


def test_introspection_tells_the_life_from_now() -> None:
    after = state.after_introspection(a_state(), NOON + HOUR, NOON)

    assert after.held is not None
    assert after.held.learned_life == HOUR
