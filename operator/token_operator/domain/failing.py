"""What a failure changes in the state of a connection."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from token_operator.domain.backoff import (
    Retry,
    delay_after,
    effective_class,
    may_be_propagating,
)
from token_operator.domain.connection import TokenSettings
from token_operator.domain.failures import FailureClass, FailureError
from token_operator.domain.life import expires_at, is_alive, safe_until
from token_operator.domain.state import FailureRecord, State

# A failing connection looks at its sources again this often.
SOURCE_RETRY: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a failure is judged by besides the state; *chance* is random in [0, 1)."""

    settings: TokenSettings
    now: datetime
    chance: float


def remaining_life(state: State, settings: TokenSettings, now: datetime) -> timedelta | None:
    """Return the life left of the token that targets hold; None without a live one.

    The life that is safe counts while there is some: after an outage of 40 % of
    the life little is left of it, and one long wait would outlast the session.
    """
    held = state.held
    if held is None or not is_alive(held, settings, now):
        return None
    safe = safe_until(held, settings)
    return (safe if now < safe else expires_at(held, settings)) - now


def after_login_failure(
    state: State, failure: FailureError, at: Circumstances, *, renew_request: str
) -> State:
    """Return the state after a login that failed; the token that is held stays.

    A refusal that may have ended the session makes it doubted: once, not at each retry.
    """
    record = _next_record(state.login_failure, failure, state, at)
    is_retry = record.count > 1 and record.streak > 1
    held = state.held
    if held is not None and failure.may_have_ended_sessions and not is_retry:
        held = replace(held, is_doubted=not held.is_dead)
    return replace(state, held=held, login_failure=record, handled_renew_request=renew_request)


def after_verification_failure(state: State, failure: FailureError, at: Circumstances) -> State:
    """Return the state after a verification that got no answer; it proves nothing."""
    record = _next_record(state.verification_failure, failure, state, at)
    return replace(state, verification_failure=record)


def after_source_failure(state: State, failure: FailureError, at: Circumstances) -> State:
    """Return the state after a look at source Secrets that cannot be used."""
    before = state.source_failure
    is_same = before is not None and before.message == failure.sentence()
    record = FailureRecord(
        kind=type(failure),
        failure_class=failure.failure_class,
        message=failure.sentence(),
        count=before.count + 1 if before and is_same else 1,
        since=before.since if before and is_same else at.now,
        next_attempt=at.now + SOURCE_RETRY,
        basis=state.basis,
    )
    return replace(state, source_failure=record)


def after_good_sources(state: State) -> State:
    """Return the state after source Secrets were read that can be used."""
    return state if state.source_failure is None else replace(state, source_failure=None)


def _next_record(
    before: FailureRecord | None, failure: FailureError, state: State, at: Circumstances
) -> FailureRecord:
    failure_class = effective_class(failure, changed_at=state.changed_at, now=at.now)
    streak = _failures_in_a_row(before, failure_class, state)
    retry = Retry(
        streak=streak,
        remaining=remaining_life(state, at.settings, at.now),
        chance=at.chance,
        is_propagating=may_be_propagating(failure, changed_at=state.changed_at, now=at.now),
    )
    is_same = (
        before is not None
        and before.reason == failure.reason
        and before.failure_class is failure_class
    )
    count = before.count + 1 if before and is_same else 1
    return FailureRecord(
        kind=type(failure),
        failure_class=failure_class,
        message=before.message
        if before and is_same and not _is_reported(count)
        else failure.sentence(),
        count=count,
        since=before.since if before and is_same else at.now,
        next_attempt=at.now + delay_after(failure, retry),
        streak=streak,
        basis=state.basis,
    )


def _is_reported(count: int) -> bool:
    """Whether the status is written at this count: 1, 2, 4, 8 and so on."""
    return count & (count - 1) == 0


def _failures_in_a_row(
    before: FailureRecord | None, failure_class: FailureClass, state: State
) -> int:
    """Return the failures in a row of one class since the last change, this one included."""
    if before is None or before.failure_class is not failure_class or before.basis != state.basis:
        return 1
    return before.streak + 1
