"""The lifecycle of one connection's token, as a state machine without input or output.

Outcomes go in, decisions come out. Whoever owns a ``Lifecycle`` carries its decisions out and
reports what came of them: the passes of ``reconcile/`` against the cluster and Salesforce, the
model test of ``tests/model`` against a simulated org on virtual time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, TypeGuard

from token_operator.domain import failing, state
from token_operator.domain.decision import Decision, Keep, Refuse, Wait, decide
from token_operator.domain.observation import Observation
from token_operator.domain.outcomes import (
    ApiVersionFound,
    BasisSeen,
    HostRecovered,
    LifeIntrospected,
    LoggedIn,
    LoginFailed,
    LoginPostponed,
    LoginSent,
    OrgRespecified,
    Outcome,
    RefreshTokenUsed,
    RevocationTried,
    SourcesRead,
    SourcesRefused,
    TokenRestored,
    VerificationFailed,
    VerificationPostponed,
    Verified,
    WorkResumed,
)
from token_operator.domain.state import State
from token_operator.domain.status import AuthStatus
from token_operator.domain.used_refresh_tokens import remembering

# A pass that has not converged after this many steps ends, and is tried again later.
MAX_STEPS: Final = 12
# A connection that waits for its turn is called when a place is free; if not, it looks by itself.
HELD_UP_PAUSE: Final = timedelta(seconds=15)


def after(before: State, outcome: Outcome) -> State:
    """Return the state after *outcome*."""
    match outcome:
        case LoginSent() | LoggedIn() | LoginFailed() | LoginPostponed() | RevocationTried():
            return _after_login_outcome(before, outcome)
        case Verified() | VerificationFailed() | VerificationPostponed():
            return _after_verification(before, outcome)
        case ApiVersionFound() | LifeIntrospected():
            return _after_finding(before, outcome)
        case TokenRestored() | HostRecovered() | WorkResumed() | OrgRespecified():
            return _after_change_around(before, outcome)
        case (
            BasisSeen() | SourcesRead() | SourcesRefused() | RefreshTokenUsed()
        ):  # pragma: no branch - exhaustive
            return _after_source_outcome(before, outcome)


def _after_login_outcome(
    before: State,
    outcome: LoginSent | LoggedIn | LoginFailed | LoginPostponed | RevocationTried,
) -> State:
    match outcome:
        case LoginSent(at):
            return state.after_attempt(before, at)
        case LoggedIn(login, auth, settings):
            return replace(state.after_login(before, login, settings), auth=auth, has_minted=True)
        case LoginFailed(failure, circumstances, renew_request):
            return failing.after_login_failure(
                before, failure, circumstances, renew_request=renew_request
            )
        case LoginPostponed(failure, circumstances):
            pending = before.handled_renew_request
            return failing.after_login_failure(
                before, failure, circumstances, renew_request=pending
            )
        case RevocationTried(at):  # pragma: no branch - exhaustive
            return state.after_revocation(before, at)


def _after_verification(
    before: State, outcome: Verified | VerificationFailed | VerificationPostponed
) -> State:
    match outcome:
        case Verified(proof, at):
            return state.after_proof(before, proof, at)
        case VerificationFailed(failure, circumstances) | VerificationPostponed(
            failure, circumstances
        ):  # pragma: no branch - exhaustive
            return failing.after_verification_failure(before, failure, circumstances)


def _after_finding(before: State, outcome: ApiVersionFound | LifeIntrospected) -> State:
    match outcome:
        case ApiVersionFound(version):
            return replace(before, api_version=version)
        case LifeIntrospected(expires_at, at):  # pragma: no branch - exhaustive
            return state.after_introspection(before, expires_at, at)


def _after_source_outcome(
    before: State, outcome: BasisSeen | SourcesRead | SourcesRefused | RefreshTokenUsed
) -> State:
    match outcome:
        case RefreshTokenUsed(token):
            used = remembering(before.used_refresh_tokens, token)
            return replace(before, used_refresh_tokens=used)
        case BasisSeen(basis, at):
            return state.after_basis_seen(before, basis, at)
        case SourcesRead(grant, versions):
            auth = replace(before.auth or AuthStatus(grant=grant), source_versions=versions)
            return replace(failing.after_good_sources(before), auth=auth)
        case SourcesRefused(failure, circumstances):  # pragma: no branch - exhaustive
            return failing.after_source_failure(before, failure, circumstances)


def _after_change_around(
    before: State, outcome: TokenRestored | HostRecovered | WorkResumed | OrgRespecified
) -> State:
    match outcome:
        case TokenRestored(held):
            return replace(before, held=held or before.held, is_cold=False)
        case HostRecovered(at):
            return state.after_host_recovery(before, at)
        case WorkResumed():
            return state.after_resumption(before)
        # The version may be another one; the proof finds it.
        case OrgRespecified(api_version):  # pragma: no branch - exhaustive
            return replace(state.after_resumption(before), api_version=api_version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The functions that judge; a test that plants a mistake replaces one."""

    decide: Callable[[Observation], Decision] = decide
    after: Callable[[State, Outcome], State] = after


@dataclass(slots=True)
class Lifecycle:
    """The state of one connection's token, which outcomes alone change."""

    _state: State = field(default_factory=State)
    rules: Rules = field(default_factory=Rules)

    @property
    def state(self) -> State:
        """What is remembered now."""
        return self._state

    def apply(self, outcome: Outcome) -> None:
        """Take *outcome* into account."""
        self._state = self.rules.after(self._state, outcome)


@dataclass(slots=True)
class Steps:
    """The steps of one pass: decisions to carry out, until one of them is to wait."""

    rules: Rules = field(default_factory=Rules)
    is_held_up: bool = False
    taken: int = 0

    def next(self, seen: Observation) -> Decision:
        """Return the decision for *seen*; a pass that is held up or does not converge waits."""
        if self.is_held_up or self.is_exhausted:
            return Wait(seen.now + HELD_UP_PAUSE)
        self.taken += 1
        return self.rules.decide(seen)

    def hold_up(self) -> None:
        """End the pass: what was decided has to wait for its turn."""
        self.is_held_up = True

    @property
    def is_exhausted(self) -> bool:
        """Whether the pass has had so many steps that it does not converge."""
        return self.taken >= MAX_STEPS


def ends_the_pass(decision: Decision) -> TypeGuard[Keep | Wait | Refuse]:
    """Whether there is nothing to carry out now."""
    return isinstance(decision, Keep | Wait | Refuse)
