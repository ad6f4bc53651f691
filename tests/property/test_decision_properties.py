"""Whatever is seen, a decision is made, and it never names the past."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from support.builders import (
    BASIS,
    IDENTITY,
    KEY_FINGERPRINT,
    NOON,
    OTHER_IDENTITY,
    a_connection,
    a_failure_record,
    a_held_token,
    a_token,
    token_settings,
)
from token_operator.domain import life
from token_operator.domain.backoff import Bucket
from token_operator.domain.connection import TokenSettings
from token_operator.domain.decision import Keep, Refuse, Renew, Revoke, Wait, decide
from token_operator.domain.failures import FailureClass, FailureError, SpecInvalidError
from token_operator.domain.observation import Observation
from token_operator.domain.state import LONG_AGO, State
from token_operator.domain.targets.placeholders import PLACEHOLDERS, Values, fill

INSTANTS = st.timedeltas(timedelta(days=-2), timedelta(days=2)).map(NOON.__add__)
SETTINGS = st.builds(
    token_settings,
    lifetime=st.timedeltas(timedelta(minutes=1), timedelta(days=1)),
    renew_at_percent=st.integers(20, 80),
    verify_interval=st.just(timedelta())
    | st.timedeltas(timedelta(seconds=5), timedelta(days=1)),
)  # fmt: skip
HELD = st.builds(
    a_held_token,
    token=st.builds(
        a_token,
        fixed_expiry=st.none() | INSTANTS,
        scopes=st.sampled_from([(), ("api",), ("openid",)]),
    ),
    issued_at=INSTANTS,
    login_at=INSTANTS,
    proof_at=INSTANTS,
    is_proven=st.booleans(),
    dead_since=st.none() | INSTANTS,
    same_answers=st.integers(0, 50),
    ask_again_at=st.none() | INSTANTS,
    comes_unchanged=st.booleans(),
    limits_at=st.none() | INSTANTS,
    limits_refused=st.booleans(),
    userinfo_refused=st.booleans(),
    api_usage=st.floats(0, 1),
)
FAILURES = st.none() | st.builds(
    a_failure_record,
    failure_class=st.sampled_from(FailureClass),
    next_attempt=INSTANTS,
    basis=st.sampled_from([BASIS, "older"]),
)
STATES = st.builds(
    State,
    held=st.none() | HELD,
    login_failure=FAILURES,
    verification_failure=FAILURES,
    source_failure=FAILURES,
    basis=st.just(BASIS),
    bucket=st.builds(Bucket, st.floats(0, 3), st.none() | INSTANTS),
    revoked_at=st.just(LONG_AGO) | INSTANTS,
    proven_credential_mark=st.sampled_from(["", KEY_FINGERPRINT]),
)
REFUSALS: st.SearchStrategy[FailureError | None] = st.none() | st.just(SpecInvalidError("No."))
SEEN = st.builds(
    Observation,
    now=INSTANTS,
    connection=st.builds(
        a_connection,
        token=SETTINGS,
        suspend=st.booleans(),
        renew_request=st.sampled_from(["", "1"]),
        uid=st.uuids().map(str),
    ),
    state=STATES,
    identity_hash=st.sampled_from(["", IDENTITY, OTHER_IDENTITY]),
    key_fingerprint=st.sampled_from(["", KEY_FINGERPRINT, "SHA256:new"]),
    spec_problem=REFUSALS,
    targets_need_work=st.booleans(),
    look_again_at=st.none() | INSTANTS,
    is_shared=st.booleans(),
)


@settings(max_examples=500)
@given(SEEN)
def test_decision_never_names_the_past(seen: Observation) -> None:
    decided = decide(seen)

    if isinstance(decided, Keep | Wait | Refuse):
        assert decided.until is None or decided.until > seen.now


@settings(max_examples=300)
@given(SEEN)
def test_nothing_is_done_while_suspended_and_no_login_is_made_when_refused(
    seen: Observation,
) -> None:
    decided = decide(seen)

    if seen.connection.suspend:
        assert isinstance(decided, Wait)
    if seen.spec_problem is not None:
        assert not isinstance(decided, Renew | Revoke)


@settings(max_examples=300)
@given(SEEN)
def test_only_a_token_that_was_proven_dead_is_revoked_and_never_a_shared_one(
    seen: Observation,
) -> None:
    if isinstance(decide(seen), Revoke):
        assert seen.held is not None
        assert seen.held.is_dead
        assert seen.held.is_proven
        assert not seen.is_shared


@given(SETTINGS, INSTANTS, st.uuids().map(str))
def test_renewal_falls_within_its_share_of_the_life(
    chosen: TokenSettings, login_at: datetime, uid: str
) -> None:
    held = a_held_token(at=login_at)
    share = chosen.renew_at_percent / 100
    second = timedelta(seconds=1)

    renewal = life.renewal_time(held, chosen, uid)

    assert renewal >= login_at + chosen.lifetime * (share - life.JITTER_SHARE) - second
    assert renewal <= login_at + chosen.lifetime * share + second


SAMPLES = Values(dict.fromkeys(PLACEHOLDERS, "x"))
PIECES = st.sampled_from([f"${{{name}}}" for name in PLACEHOLDERS] + ["$$", "$", "{", "}", "a"])


@given(st.lists(PIECES).map("".join))
def test_content_holds_no_placeholder_that_was_not_escaped(template: str) -> None:
    try:
        content = fill(template, SAMPLES)
    except SpecInvalidError:
        return

    assert content.count("${") <= template.count("$${") + template.count("$$")
