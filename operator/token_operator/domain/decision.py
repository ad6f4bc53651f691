"""What to do next for one connection.

Decisions are made here and carried out elsewhere. Nothing in this module reads
the clock, the cluster or the network: the caller passes in what it observed.
A pass decides and acts in turns until the decision is to wait.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from token_operator.domain import life
from token_operator.domain.observation import Observation, identity_has_changed
from token_operator.domain.renewing import (
    SAME_ANSWERS_BEFORE_DOUBT,
    login_is_impossible,
    login_is_possible_at,
    login_reason,
    next_renewal,
    same_answer_is_doubted,
)
from token_operator.domain.state import may_be_revoked
from token_operator.domain.targets.token_policy import entries_must_go
from token_operator.domain.token import Verifier
from token_operator.domain.verifying import next_verification, verifier_for


@dataclass(frozen=True, slots=True)
class Keep:
    """All is well until an instant."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class Wait:
    """Something is to be done, but not before an instant."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class Renew:
    """Log in."""

    reason: str


@dataclass(frozen=True, slots=True)
class Verify:
    """Prove that the token works."""

    verifier: Verifier


@dataclass(frozen=True, slots=True)
class Revoke:
    """End a session that Salesforce calls dead and goes on issuing."""


@dataclass(frozen=True, slots=True)
class Publish:
    """Write what the targets should hold."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The spec cannot be served; no login is made."""

    reason: str
    until: datetime | None


Decision = Keep | Wait | Renew | Verify | Revoke | Publish | Refuse
Check = Callable[[Observation], Decision | None]


def work_is_suspended(seen: Observation) -> Decision | None:
    """Make no login and no write while suspended; look again when the token expires."""
    if not seen.connection.suspend:
        return None
    held = seen.held
    if held is None or life.is_expired(held, seen.connection.token, seen.now):
        return Wait(None)
    return Wait(life.expires_at(held, seen.connection.token))


def session_must_be_ended(seen: Observation) -> Decision | None:
    """Revoke a token that died twice and that logins go on returning."""
    held = seen.held
    if held is None or not held.is_dead or not held.is_proven or identity_has_changed(seen):
        return None
    if held.same_answers < SAME_ANSWERS_BEFORE_DOUBT or login_is_impossible(seen):
        return None
    if seen.is_shared or not may_be_revoked(seen.state, seen.now):
        return None
    return Revoke()


def resumption_must_be_proven(seen: Observation) -> Decision | None:
    """Verify what is held after a suspension before anything else."""
    held = seen.held
    if held is None or not held.must_prove or held.is_dead:
        return None
    return verification_is_due(seen)


def login_is_due(seen: Observation) -> Decision | None:
    """Log in where there is a reason and nothing forbids it."""
    reason = login_reason(seen)
    if reason is None or login_is_impossible(seen) or same_answer_is_doubted(seen):
        return None
    return Renew(reason) if seen.now >= login_is_possible_at(seen) else None


def verification_is_due(seen: Observation) -> Decision | None:
    """Verify a token that is not proven or is doubted, or whose last proof is old."""
    due = next_verification(seen)
    if due is None or seen.now < due or seen.held is None:
        return None
    verifier = verifier_for(seen, seen.held)
    return None if verifier is None else Verify(verifier)


def targets_must_be_written(seen: Observation) -> Decision | None:
    """Publish where a target does not hold what it should.

    A spec that cannot be served writes nothing, but what must go does go.
    """
    if not seen.targets_need_work or (seen.spec_problem is not None and not entries_must_go(seen)):
        return None
    return Publish()


def spec_cannot_be_served(seen: Observation) -> Decision | None:
    """Refuse what cannot be done; the token that is held is kept alive all the same."""
    if seen.spec_problem is None:
        return None
    return Refuse(seen.spec_problem.reason, until=next_look(seen))


# Order matters: a new token is verified before it is published.
CHECKS: Final[tuple[Check, ...]] = (
    work_is_suspended,
    session_must_be_ended,
    resumption_must_be_proven,
    login_is_due,
    verification_is_due,
    targets_must_be_written,
    spec_cannot_be_served,
)


def decide(seen: Observation) -> Decision:
    """Return what to do next for the connection."""
    for check in CHECKS:
        decision = check(seen)
        if decision is not None:
            return decision
    until = next_look(seen)
    return Wait(until) if login_reason(seen) is not None else Keep(until)


def next_look(seen: Observation) -> datetime | None:
    """Return the earliest instant at which something may be due; None if nothing will be."""
    instants = [seen.look_again_at, next_verification(seen)]
    if login_reason(seen) is None:
        instants.append(next_renewal(seen))
    elif not login_is_impossible(seen):
        instants.append(login_is_possible_at(seen))
    if seen.state.source_failure is not None:
        instants.append(seen.state.source_failure.next_attempt)
    if seen.held is not None:
        instants.append(life.expires_at(seen.held, seen.connection.token))
    later = [at for at in instants if at is not None and at > seen.now]
    return min(later, default=None)
