"""The model finds each kind of mistake that its laws are there for."""

from dataclasses import replace

from support.builders import HOUR
from support.simulated_operator import Weather, simulate
from support.simulated_org import Habits
from token_operator.domain import decision
from token_operator.domain.connection import TokenSettings
from token_operator.domain.decision import Decision, Renew, Revoke
from token_operator.domain.lifecycle import Rules, after
from token_operator.domain.observation import Observation
from token_operator.domain.outcomes import LoggedIn, Outcome
from token_operator.domain.state import State

HABITS = Habits(timeout=2 * HOUR)
WEATHER = Weather(length=48 * HOUR, revocation_every=5 * HOUR, restart_every=7 * HOUR)


def laws_broken_by(rules: Rules, habits: Habits = HABITS) -> set[str]:
    lived = simulate(habits, TokenSettings(), WEATHER, seed="planted", rules=rules)
    return {broken[:3] for broken in lived.violations}


def decide_by_the_last_proof(seen: Observation) -> Decision:
    """Decide as if each verification were a login: the renewal is put off by every one."""
    held = seen.held
    if held is None:
        return decision.decide(seen)
    late = replace(held, login_at=held.proof_at)
    return decision.decide(replace(seen, state=replace(seen.state, held=late)))


def take_every_token_for_new(before: State, outcome: Outcome) -> State:
    forgets = isinstance(outcome, LoggedIn)
    return after(replace(before, held=None) if forgets else before, outcome)


def revoke_before_each_renewal(seen: Observation) -> Decision:
    decided = decision.decide(seen)
    is_renewal = isinstance(decided, Renew) and seen.held is not None
    if is_renewal and seen.state.revoked_at != seen.now:
        return Revoke()
    return decided


def test_rules_as_they_are_break_no_law() -> None:
    assert laws_broken_by(Rules()) == set()


def test_renewal_put_off_by_every_verification_is_found() -> None:
    assert "(g)" in laws_broken_by(Rules(decide=decide_by_the_last_proof))


def test_same_token_taken_for_a_new_one_is_found() -> None:
    assert "(f)" in laws_broken_by(Rules(after=take_every_token_for_new))


def test_revocation_of_a_living_session_is_found() -> None:
    assert "(e)" in laws_broken_by(Rules(decide=revoke_before_each_renewal))
