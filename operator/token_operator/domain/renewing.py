"""When to log in, and why."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from token_operator.domain import life
from token_operator.domain.observation import Observation, identity_has_changed

# A login right after a death may return the dead session; so may the next, and then it counts.
SAME_ANSWERS_BEFORE_DOUBT: Final = 2


def token_is_missing(seen: Observation) -> bool:
    """Whether nothing is held."""
    return seen.held is None


def token_has_died(seen: Observation) -> bool:
    """Whether Salesforce called the token dead."""
    return seen.held is not None and seen.held.is_dead


def renewal_was_requested(seen: Observation) -> bool:
    """Whether the renew annotation has a value that was not acted on."""
    request = seen.connection.renew_request
    return bool(request) and request != seen.state.handled_renew_request


def key_has_changed(seen: Observation) -> bool:
    """Whether the key differs from the one that logged in last."""
    proven = seen.state.proven_credential_mark
    return bool(proven and seen.key_fingerprint) and seen.key_fingerprint != proven


def renewal_is_due(seen: Observation) -> bool:
    """Whether the login clock has reached the renewal time."""
    due = next_renewal(seen)
    return due is not None and seen.now >= due


def login_is_failing(seen: Observation) -> bool:
    """Whether the last login failed: its reason still holds."""
    return seen.state.login_failure is not None


def next_renewal(seen: Observation) -> datetime | None:
    """Return the instant from which a renewal is due; None without a token."""
    if seen.held is None:
        return None
    return life.renewal_time(seen.held, seen.connection.token, seen.connection.uid)


# Order matters: the first that holds gives the renewal its reason.
LOGIN_REASONS: Final[tuple[tuple[str, Callable[[Observation], bool]], ...]] = (
    ("TokenMissing", token_is_missing),
    ("IdentityChanged", identity_has_changed),
    ("TokenDied", token_has_died),
    ("RenewalRequested", renewal_was_requested),
    ("KeyChanged", key_has_changed),
    ("LoginFailed", login_is_failing),
    ("RenewalDue", renewal_is_due),
)


def login_reason(seen: Observation) -> str | None:
    """Return why a login is wanted, or None."""
    return next((reason for reason, holds in LOGIN_REASONS if holds(seen)), None)


def login_is_possible_at(seen: Observation) -> datetime:
    """Return the instant from which a login that is wanted may be made."""
    earliest = seen.state.bucket.next_at(seen.now)
    failure = seen.state.login_failure
    if failure is not None and failure.basis == seen.state.basis:
        earliest = max(earliest, failure.next_attempt)
    held = seen.held
    if held is not None and held.ask_again_at and not identity_has_changed(seen):
        earliest = max(earliest, held.ask_again_at)
    return earliest


def login_is_impossible(seen: Observation) -> bool:
    """Whether no login can be made: the spec is refused, or there is no key to sign with."""
    return seen.spec_problem is not None or seen.state.source_failure is not None


def same_answer_is_doubted(seen: Observation) -> bool:
    """Whether logins go on returning a dead token, so that it must be proven again first."""
    held = seen.held
    return (
        held is not None
        and held.is_dead
        and held.same_answers >= SAME_ANSWERS_BEFORE_DOUBT
        and not held.is_proven
        and not identity_has_changed(seen)
    )
