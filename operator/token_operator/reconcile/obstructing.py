"""What follows when the desk does not admit a call."""

import random
from datetime import datetime

from token_operator.clock import Clock
from token_operator.domain.failing import (
    Circumstances,
    after_login_failure,
    after_verification_failure,
)
from token_operator.domain.failures import FailureError, LoginBudgetExhaustedError
from token_operator.reconcile.desk import Exhausted, HostFails, Obstacle, Parked
from token_operator.reconcile.record import Record


def circumstances(record: Record, clock: Clock) -> Circumstances:
    """Return what a failure of *record* is judged by now."""
    return Circumstances(
        settings=record.connection.token,
        now=clock.now(),
        chance=random.random(),  # noqa: S311 - spreads retries, protects nothing
    )


def login_is_put_off(record: Record, obstacle: Obstacle, clock: Clock, now: datetime) -> bool:
    """Note why no login may be made; return whether the pass may go on."""
    match obstacle:
        case Parked():
            return False
        case Exhausted(free_at, is_hard):
            if is_hard:
                told = "The login budget of the integration user is used up."
                failure = LoginBudgetExhaustedError(told, retry_after=free_at - now)
                _note_login_failure(record, failure, clock)
            return is_hard
        case HostFails(failure):
            _note_login_failure(record, failure, clock)
            return True


def verification_is_put_off(record: Record, obstacle: Obstacle, clock: Clock) -> bool:
    """Note why no verification may be made; return whether the pass may go on."""
    if not isinstance(obstacle, HostFails):
        return False
    at = circumstances(record, clock)
    record.state = after_verification_failure(record.state, obstacle.failure, at)
    return True


def _note_login_failure(record: Record, failure: FailureError, clock: Clock) -> None:
    """Note a failure without an attempt: what was asked for by annotation is still to be done."""
    record.state = after_login_failure(
        record.state,
        failure,
        circumstances(record, clock),
        renew_request=record.state.handled_renew_request,
    )
