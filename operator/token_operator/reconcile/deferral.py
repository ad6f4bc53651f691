"""What a call that is not admitted changes, and whether the pass can continue without it."""

import random
from enum import Enum

from token_operator.clock import Clock
from token_operator.domain.connection import Connection
from token_operator.domain.failing import Circumstances
from token_operator.domain.failures import FailureError, LoginBudgetExhaustedError
from token_operator.domain.lifecycle import Lifecycle
from token_operator.domain.outcomes import LoginPostponed, VerificationPostponed
from token_operator.reconcile.call_admission import BudgetExhausted, Denial, HostFailing, NoPlace


class Progress(Enum):
    """Whether a pass can decide on its next step."""

    CONTINUES = "continues"
    # The connection is parked until a place is free.
    HELD_UP = "held up"


def circumstances(connection: Connection, clock: Clock) -> Circumstances:
    """Return what a failure of *connection* is judged by now."""
    return Circumstances(
        settings=connection.token,
        now=clock.now(),
        chance=random.random(),  # noqa: S311 - spreads retries, protects nothing
    )


def record_postponed_login(lifecycle: Lifecycle, denial: Denial, at: Circumstances) -> Progress:
    """Record why no login may be made now; return whether the pass can continue."""
    match denial:
        case NoPlace():
            return Progress.HELD_UP
        case BudgetExhausted(free_at, is_hard):
            if not is_hard:
                return Progress.HELD_UP
            message = "The login budget of the integration user is used up."
            failure: FailureError = LoginBudgetExhaustedError(message, retry_after=free_at - at.now)
        case HostFailing(failure):
            pass
    lifecycle.apply(LoginPostponed(failure, at))
    return Progress.CONTINUES


def record_postponed_verification(
    lifecycle: Lifecycle, denial: Denial, at: Circumstances
) -> Progress:
    """Record why no verification may be made now; return whether the pass can continue."""
    if not isinstance(denial, HostFailing):
        return Progress.HELD_UP
    lifecycle.apply(VerificationPostponed(denial.failure, at))
    return Progress.CONTINUES
