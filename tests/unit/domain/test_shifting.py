"""What a step of the wall clock changes."""

from support.builders import HOUR, NOON, a_failure_record, a_held_token, a_state, a_token
from token_operator.domain.backoff import Bucket
from token_operator.domain.shifting import shifted
from token_operator.domain.state import LONG_AGO, State


def test_every_instant_keeps_its_distance_from_now() -> None:
    failure = a_failure_record()
    held = a_held_token(dead_since=NOON, ask_again_at=NOON, token=a_token(fixed_expiry=NOON))
    before = a_state(
        held=held,
        login_failure=failure,
        verification_failure=failure,
        source_failure=failure,
        changed_at=NOON,
        revoked_at=NOON,
        replaced_at=(NOON,),
        bucket=Bucket(1, NOON),
    )

    after = shifted(before, HOUR)

    assert shifted(after, -HOUR) == before


def test_what_never_happened_stays_so() -> None:
    after = shifted(State(held=a_held_token(verified_at=None, limits_at=None)), HOUR)

    assert (after.changed_at, after.revoked_at, after.login_failure) == (LONG_AGO, LONG_AGO, None)
    assert after.held is not None
    assert (after.held.verified_at, after.held.limits_at) == (None, None)


def test_empty_state_stays_empty() -> None:
    assert shifted(State(), HOUR) == State()
