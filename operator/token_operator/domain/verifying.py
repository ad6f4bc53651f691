"""When to prove that a token works, and how."""

from datetime import datetime
from typing import Final

from token_operator.domain import life
from token_operator.domain.life import HeldToken
from token_operator.domain.observation import Observation, identity_has_changed
from token_operator.domain.renewing import SAME_ANSWERS_BEFORE_DOUBT
from token_operator.domain.token import Verifier

# Above this share of the daily API requests, userinfo verifies (it is not counted) ...
API_USAGE_LIMIT: Final = 0.8
# ... but for one REST call every fourth of the life, which is known to slide the session.
LIMITS_PER_LIFE: Final = 4
# Scopes that let a token use the REST API.
REST_SCOPES: Final = frozenset({"api", "full"})


def verifier_for(seen: Observation, held: HeldToken) -> Verifier | None:
    """Return the way to verify the token; None where there is none."""
    limits = not held.limits_refused and scopes_allow_rest(held.token.scopes)
    userinfo = not held.userinfo_refused
    if limits and userinfo and held.api_usage > API_USAGE_LIMIT and _limits_are_recent(seen, held):
        return Verifier.USERINFO
    if limits:
        return Verifier.LIMITS
    return Verifier.USERINFO if userinfo else None


def scopes_allow_rest(scopes: tuple[str, ...]) -> bool:
    """Whether a token with *scopes* may use the REST API; unknown scopes may."""
    return not scopes or not REST_SCOPES.isdisjoint(scopes)


def _limits_are_recent(seen: Observation, held: HeldToken) -> bool:
    pause = life.life_of(held, seen.connection.token) / LIMITS_PER_LIFE
    return held.limits_at is not None and seen.now - held.limits_at < pause


def next_verification(seen: Observation) -> datetime | None:
    """Return the instant from which a verification is due; None where none will be."""
    held = seen.held
    if held is None or identity_has_changed(seen) or verifier_for(seen, held) is None:
        return None
    due = _verification_due(seen, held)
    failure = seen.state.verification_failure
    if due is None or failure is None:
        return due
    return max(due, failure.next_attempt)


def _verification_due(seen: Observation, held: HeldToken) -> datetime | None:
    if not held.is_proven or held.is_doubted:
        is_asking_again = held.is_dead and held.same_answers < SAME_ANSWERS_BEFORE_DOUBT
        return None if is_asking_again else seen.now
    interval = life.verify_interval(held, seen.connection.token)
    if held.is_dead or interval is None:
        return None
    return held.proof_at + interval
