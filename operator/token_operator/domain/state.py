"""What the operator remembers of one connection, and how each fact changes it.

Every transition is a function from a state and a fact to the next state. The
pass in ``reconcile/`` and the model test in ``tests/model`` use the same ones.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from token_operator.domain.backoff import Bucket, doubling
from token_operator.domain.connection import TokenSettings
from token_operator.domain.failures import FailureClass, FailureError, RepeatedDeathError
from token_operator.domain.life import HeldToken, expires_at, whole_second
from token_operator.domain.status import AuthStatus
from token_operator.domain.token import AccessToken, Proof, Verdict, Verifier

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Salesforce may answer with the session that just died; ask again after this.
ASK_AGAIN_AFTER: Final = timedelta(seconds=5)
# A fixed expiry is in the org's time; the measured offset of its clock varies by less.
OFFSET_NOISE: Final = timedelta(seconds=60)
ASK_AGAIN_CAP: Final = timedelta(minutes=5)
REPLACEMENTS_PER_HOUR: Final = 3
REVOCATION_PAUSE: Final = timedelta(hours=1)
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRecord:
    """A failure that lasts, as it is remembered and shown."""

    kind: type[FailureError]
    # How it is retried: the class of its kind, unless it may be propagation delay.
    failure_class: FailureClass
    message: str
    count: int
    since: datetime
    next_attempt: datetime
    # Failures in a row of this class, whatever their reason; decides the delay.
    streak: int = 1
    # Spec, sources and renew request under which it happened; see Observation.
    basis: str = ""

    @property
    def reason(self) -> str:
        """The reason of its kind."""
        return self.kind.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the operator remembers of one connection."""

    held: HeldToken | None = None
    login_failure: FailureRecord | None = None
    verification_failure: FailureRecord | None = None
    source_failure: FailureRecord | None = None
    basis: str = ""
    changed_at: datetime = LONG_AGO
    bucket: Bucket = field(default_factory=Bucket)
    # When early deaths were answered with another token, in the last hour.
    replaced_at: tuple[datetime, ...] = ()
    revoked_at: datetime = LONG_AGO
    handled_renew_request: str = ""
    # Fingerprint of the key that logged in last, or what stands for another credential.
    proven_credential_mark: str = field(default="", repr=False)
    api_version: str = ""
    # Hashes of refresh tokens that must not be sent again; see used_refresh_tokens.py.
    used_refresh_tokens: tuple[str, ...] = ()
    # How the last login was made.
    auth: AuthStatus | None = None
    # A token was minted before, so that the next one is a renewal.
    has_minted: bool = False
    # The targets have not been searched for the token since the operator started.
    is_cold: bool = False


def after_basis_seen(state: State, basis: str, now: datetime) -> State:
    """Return the state after a look at what the login stands on (spec, sources, request)."""
    if basis == state.basis:
        return state
    changed_at = state.changed_at if not state.basis else now
    return replace(state, basis=basis, changed_at=changed_at)


def recent_replacements(state: State, now: datetime) -> tuple[datetime, ...]:
    """Return when early deaths were answered with another token in the last hour."""
    return tuple(at for at in state.replaced_at if now - at < HOUR)


def may_be_revoked(state: State, now: datetime) -> bool:
    """Whether the hourly revocation is still free."""
    return now - state.revoked_at >= REVOCATION_PAUSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A login that succeeded, and under what."""

    token: AccessToken
    identity_hash: str
    key_fingerprint: str
    renew_request: str
    now: datetime


def after_attempt(state: State, now: datetime) -> State:
    """Return the state after a login was sent, whatever its answer."""
    return replace(state, bucket=state.bucket.after_attempt(now))


def after_login(state: State, login: Login, settings: TokenSettings) -> State:
    """Return the state after Salesforce answered with a token, the same or another."""
    held = state.held
    replaced_at = recent_replacements(state, login.now)
    if held is not None and held.token.value == login.token.value:
        held = _same_token(held, login)
    else:
        if held is not None and _died_early(held, settings):
            replaced_at = (*replaced_at, login.now)
        held = HeldToken(
            token=login.token,
            identity_hash=login.identity_hash,
            issued_at=login.now,
            login_at=whole_second(login.now),
            proof_at=login.now,
        )
    return replace(
        state,
        held=held,
        login_failure=None,
        # What is held now is verified in the same pass, whatever failed before.
        verification_failure=None,
        replaced_at=replaced_at,
        handled_renew_request=login.renew_request,
        proven_credential_mark=login.key_fingerprint,
    )


def _same_token(held: HeldToken, login: Login) -> HeldToken:
    """Return *held* after a login that returned it again: not proven, its session clock unmoved."""
    is_unchanged = _ends_as_before(held.token, login.token)
    again = replace(
        held,
        token=replace(
            _of_user(login.token, login.token.identity.username or held.token.identity.username),
            fixed_expiry=held.token.fixed_expiry if is_unchanged else login.token.fixed_expiry,
        ),
        identity_hash=login.identity_hash,
        login_at=whole_second(login.now),
        is_proven=False,
        comes_unchanged=is_unchanged,
        limits_refused=False,
        userinfo_refused=False,
    )
    if not held.is_dead:
        return again
    return replace(
        again,
        same_answers=held.same_answers + 1,
        ask_again_at=login.now + doubling(ASK_AGAIN_AFTER, held.same_answers + 1, ASK_AGAIN_CAP),
    )


def _of_user(token: AccessToken, username: str) -> AccessToken:
    """Return *token* with the name of its user, where that is known."""
    if not username:
        return token
    return replace(token, identity=replace(token.identity, username=username))


def _ends_as_before(before: AccessToken, again: AccessToken) -> bool:
    """Whether the fixed expiry is the one that was known, but for the measured clock offset."""
    if before.fixed_expiry is None or again.fixed_expiry is None:
        return False
    return abs(again.fixed_expiry - before.fixed_expiry) <= OFFSET_NOISE


def _died_early(held: HeldToken, settings: TokenSettings) -> bool:
    """Whether the token died before the end that was to be expected after its last proof."""
    return held.dead_since is not None and held.dead_since < expires_at(held, settings)


def after_proof(state: State, proof: Proof, now: datetime) -> State:
    """Return the state after a verification that got an answer."""
    held = state.held
    if held is None:
        return state
    held = replace(
        held,
        must_prove=False,
        limits_at=now if proof.verifier is Verifier.LIMITS else held.limits_at,
        api_usage=held.api_usage if proof.api_usage is None else proof.api_usage,
    )
    match _verdict_that_counts(held, proof):
        case Verdict.ALIVE:
            held = _alive(held, proof, now)
        case Verdict.DEAD:
            return _dead(state, held, now)
        case Verdict.UNDECIDABLE if proof.verifier is Verifier.LIMITS:
            held = replace(held, limits_refused=True)
        case Verdict.UNDECIDABLE:  # pragma: no branch - mypy proves the match exhaustive
            held = replace(held, userinfo_refused=True)
    return replace(state, held=held, verification_failure=None)


def _dead(state: State, held: HeldToken, now: datetime) -> State:
    """Return the state after a death; the fourth within an hour waits until the first is old."""
    held = replace(held, dead_since=held.dead_since or now, is_proven=True, is_doubted=False)
    died = replace(state, held=held, verification_failure=None)
    recent = recent_replacements(state, now)
    if len(recent) < REPLACEMENTS_PER_HOUR:
        return died
    failure = RepeatedDeathError(
        f"The token died again after {REPLACEMENTS_PER_HOUR} replacements within an hour."
    )
    record = FailureRecord(
        kind=type(failure),
        failure_class=failure.failure_class,
        message=failure.sentence(),
        count=1,
        since=now,
        next_attempt=recent[-REPLACEMENTS_PER_HOUR] + HOUR,
        basis=state.basis,
    )
    return replace(died, login_failure=record)


def _verdict_that_counts(held: HeldToken, proof: Proof) -> Verdict:
    """Userinfo's refusal means death only for a token that it once accepted."""
    is_refusal = proof.verdict is Verdict.DEAD and proof.verifier is Verifier.USERINFO
    if is_refusal and not held.passed_userinfo:
        return Verdict.UNDECIDABLE
    return proof.verdict


def _alive(held: HeldToken, proof: Proof, now: datetime) -> HeldToken:
    return replace(
        held,
        token=_of_user(held.token, proof.username),
        proof_at=now,
        verified_at=now,
        is_proven=True,
        is_doubted=False,
        dead_since=None,
        same_answers=0,
        ask_again_at=None,
        passed_userinfo=held.passed_userinfo or proof.verifier is Verifier.USERINFO,
    )


def after_introspection(state: State, expires_at: datetime, now: datetime) -> State:
    """Return the state after introspection showed, right after a proof, when the session ends."""
    held = state.held
    if held is None or expires_at <= now:
        return state
    return replace(state, held=replace(held, learned_life=expires_at - now))


def after_revocation(state: State, now: datetime) -> State:
    """Return the state after the dead token was revoked: the next login brings another one."""
    held = state.held
    if held is None:
        return state
    held = replace(held, same_answers=0, ask_again_at=None)
    return replace(state, held=held, revoked_at=now)


def after_host_recovery(state: State, now: datetime) -> State:
    """Return the state after another connection found the host answering again."""

    def at_once(failure: FailureRecord | None) -> FailureRecord | None:
        if failure is None or not failure.kind.is_host_wide:
            return failure
        return replace(failure, next_attempt=min(failure.next_attempt, now))

    return replace(
        state,
        login_failure=at_once(state.login_failure),
        verification_failure=at_once(state.verification_failure),
    )


def after_resumption(state: State) -> State:
    """Return the state after a suspension: what is held has to be proven first."""
    if state.held is None:
        return state
    return replace(state, held=replace(state.held, is_proven=False, must_prove=True))
