"""What a step of the wall clock changes: instants keep their distance from now."""

from dataclasses import replace
from datetime import datetime, timedelta

from token_operator.domain.state import LONG_AGO, FailureRecord, State


def shifted(state: State, by: timedelta) -> State:
    """Return the state after the wall clock was set: instants keep their distance from now."""
    held = state.held
    if held is not None:
        held = replace(
            held,
            issued_at=held.issued_at + by,
            login_at=held.login_at + by,
            proof_at=held.proof_at + by,
            verified_at=held.verified_at and held.verified_at + by,
            dead_since=held.dead_since and held.dead_since + by,
            ask_again_at=held.ask_again_at and held.ask_again_at + by,
            limits_at=held.limits_at and held.limits_at + by,
            token=replace(
                held.token,
                fixed_expiry=held.token.fixed_expiry and held.token.fixed_expiry + by,
            ),
        )
    return replace(
        state,
        held=held,
        login_failure=_shifted_failure(state.login_failure, by),
        verification_failure=_shifted_failure(state.verification_failure, by),
        source_failure=_shifted_failure(state.source_failure, by),
        changed_at=_shifted_instant(state.changed_at, by),
        revoked_at=_shifted_instant(state.revoked_at, by),
        replaced_at=tuple(at + by for at in state.replaced_at),
        bucket=replace(state.bucket, at=state.bucket.at and state.bucket.at + by),
    )


def _shifted_failure(failure: FailureRecord | None, by: timedelta) -> FailureRecord | None:
    if failure is None:
        return None
    return replace(failure, since=failure.since + by, next_attempt=failure.next_attempt + by)


def _shifted_instant(instant: datetime, by: timedelta) -> datetime:
    return instant if instant == LONG_AGO else instant + by
