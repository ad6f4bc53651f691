"""Whether targets should hold the token."""

from token_operator.domain import life
from token_operator.domain.connection import ExpiredPolicy
from token_operator.domain.failures import FailureClass
from token_operator.domain.observation import Observation, identity_has_changed
from token_operator.domain.state import FailureRecord


def entries_must_go(seen: Observation) -> bool:
    """Whether the targets must not hold the token any longer."""
    held = seen.held
    if held is None:
        return False
    if identity_has_changed(seen):
        state = seen.state
        is_refused = (
            seen.spec_problem is not None
            or is_terminal(state.login_failure)
            or is_terminal(state.source_failure)
        )
        return is_refused or life.is_expired(held, seen.connection.token, seen.now)
    if seen.connection.token.expired_policy is ExpiredPolicy.KEEP:
        return False
    return held.is_dead or life.reported_expiry_has_passed(held, seen.connection.token, seen.now)


def token_may_be_written(seen: Observation) -> bool:
    """Whether the token that is held is worth writing to a target."""
    held = seen.held
    return held is not None and not held.is_dead and not identity_has_changed(seen)


def is_terminal(failure: FailureRecord | None) -> bool:
    """Whether a failure waits for a person."""
    return failure is not None and failure.failure_class is FailureClass.TERMINAL
