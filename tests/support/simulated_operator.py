"""The operator on virtual time: its own lifecycle, a simulated org, and the laws.

The state, the decisions and the steps of a pass are those of ``domain/lifecycle.py``, as in the
passes of ``reconcile/``; only the calls go to a simulated org. A broken law adds to
``violations``; nothing is raised, so that a test can also show that a planted mistake is found.
"""

import math
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Final

from support.builders import IDENTITY, KEY_FINGERPRINT, NOON, a_connection
from support.simulated_org import Habits, SimulatedOrg, TokenFormat
from token_operator.domain import life
from token_operator.domain.connection import Connection, TokenSettings
from token_operator.domain.decision import (
    Decision,
    Keep,
    Publish,
    Refuse,
    Renew,
    Revoke,
    Verify,
    Wait,
)
from token_operator.domain.failing import Circumstances
from token_operator.domain.failures import FailureError
from token_operator.domain.life import HeldToken, whole_second
from token_operator.domain.lifecycle import Lifecycle, Rules, Steps, ends_the_pass
from token_operator.domain.observation import Observation
from token_operator.domain.outcomes import (
    BasisSeen,
    LoggedIn,
    LoginFailed,
    LoginSent,
    RevocationTried,
    TokenRestored,
    VerificationFailed,
    Verified,
)
from token_operator.domain.renewing import login_reason
from token_operator.domain.state import Login, State
from token_operator.domain.state_from_status import FoundToken, basis_of, held_from, state_from
from token_operator.domain.status import AuthStatus, Status, TargetStatus, is_worth_writing
from token_operator.domain.status_from_state import situation_of, status_of
from token_operator.domain.targets.known_targets import KnownTargets
from token_operator.domain.targets.token_policy import token_may_be_written
from token_operator.domain.token import AccessToken, ExpirySource, Verifier

ZERO: Final = timedelta()
SECOND: Final = timedelta(seconds=1)
HOUR: Final = timedelta(hours=1)
FOREVER: Final = timedelta(days=10_000)
# What one login may take: no time by itself, but two tries after 5 s and 10 s where a dead
# session is answered again, and the bucket's refill.
LOGIN: Final = timedelta(seconds=20)
# The longest wait between two tries when Salesforce is back.
RETRY: Final = timedelta(seconds=60)
MAX_VIOLATIONS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How often what happens by itself happens; None means never."""

    length: timedelta
    outage_every: timedelta | None = None
    revocation_every: timedelta | None = None
    restart_every: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the target Secret holds, and its annotations."""

    token: AccessToken
    issued_at: datetime
    expires_at: datetime


def found_in(published: Published) -> FoundToken:
    """Return the token as a restarted operator finds it in its target."""
    token = published.token
    return FoundToken(
        token=replace(token, fixed_expiry=None, expiry_source=ExpirySource.CONFIGURED),
        identity_hash=IDENTITY,
        issued_at=published.issued_at,
        shown_expiry=published.expires_at,
    )


@dataclass(slots=True)
class SimulatedOperator:
    """One connection, kept by the rules through the weather."""

    org: SimulatedOrg
    connection: Connection
    weather: Weather
    rules: Rules
    random: Random
    lifecycle: Lifecycle = field(init=False)
    now: datetime = NOON
    target: Published | None = None
    status: Status = field(default_factory=Status)
    violations: list[str] = field(default_factory=list)
    logins: list[datetime] = field(default_factory=list)
    verifications: int = 0
    outages: int = 0
    restarts: int = 0
    revocations: int = 0
    own_revocations: int = 0
    passes: int = 0
    # The last outage, and whether Salesforce was reached since.
    outage_began: datetime | None = None
    outage_ends: datetime = NOON - FOREVER
    is_in_touch: bool = True
    login_is_forbidden: bool = False

    def __post_init__(self) -> None:
        self.lifecycle = Lifecycle(rules=self.rules)

    @property
    def state(self) -> State:
        """What the operator remembers."""
        return self.lifecycle.state

    # --- time ----------------------------------------------------------------

    def run(self) -> list[str]:  # noqa: PLR0915 - a loop over five kinds of events
        """Live through the weather and return the laws that were broken."""
        end = NOON + self.weather.length
        restart_at = self._next(self.weather.restart_every)
        revocation_at = self._next(self.weather.revocation_every)
        outage_at = self._next(self.weather.outage_every)
        if self.org.habits.first_is_old:
            self.org.begin_old_session(self.now)
        while self.now < end and len(self.violations) < MAX_VIOLATIONS:
            until = self.work() or end
            if until <= self.now:
                self._broken("g", "a decision names an instant that is not ahead")
                break
            if outage_at <= until and not self.org.is_out:
                # Every other outage begins at the worst moment: right before the next call.
                outage_at = self._worst(outage_at, until)
            outage_turn = self.outage_ends if self.org.is_out else outage_at
            at = min(until, restart_at, revocation_at, outage_turn, end)
            self._advance(at)
            if at == restart_at:
                self._restart()
                restart_at = self._next(self.weather.restart_every)
            if at == revocation_at:
                self.revocations += 1
                self.org.revoke(self.now)
                revocation_at = self._next(self.weather.revocation_every)
            if at == outage_turn:
                outage_at = self._turn_outage()
        return self.violations

    def _next(self, every: timedelta | None) -> datetime:
        if every is None:
            return self.now + FOREVER
        return self.now + every * self.random.uniform(0.5, 1.5)

    def _worst(self, planned: datetime, until: datetime) -> datetime:
        worst = until - timedelta(milliseconds=1)
        return worst if worst > self.now and self.random.random() < 0.5 else max(planned, self.now)

    def _turn_outage(self) -> datetime:
        """Begin or end an outage; return when the next one begins."""
        if self.org.is_out:
            self.org.is_out = False
            whole_life = self.token_life()
            pause = self.weather.outage_every or FOREVER
            return self.now + whole_life + pause * self.random.uniform(0.1, 1)
        self.outages += 1
        self.org.is_out, self.is_in_touch = True, False
        self.outage_began = self.now
        self.outage_ends = self.now + self.token_life() * self.random.choice((0.4, 0.39, 0.2, 0.05))
        return self.outage_ends

    def _advance(self, to: datetime) -> None:
        self._no_dead_token_is_published(to)
        self._logins_keep_their_pace(to)
        self.now = to

    # --- one pass ------------------------------------------------------------

    def observe(self) -> Observation:
        """Return what is seen of the connection now."""
        plain = Observation(
            now=self.now,
            connection=self.connection,
            state=self.state,
            identity_hash=IDENTITY,
            key_fingerprint=KEY_FINGERPRINT,
        )
        return replace(plain, targets_need_work=True) if self._targets_differ(plain) else plain

    def _targets_differ(self, seen: Observation) -> bool:
        held = self.state.held
        if held is None or not token_may_be_written(seen):
            return False
        expiry = life.shown_expiry(held, self.connection.token)
        target = self.target
        return (
            target is None
            or target.token.value != held.token.value
            or target.expires_at != whole_second(expiry)
        )

    def work(self) -> datetime | None:
        """Run one pass: take its steps until the decision is to wait; return until when."""
        self.passes += 1
        steps, acts, before = Steps(self.rules), set[type[Decision]](), self.state
        while True:
            self.lifecycle.apply(BasisSeen(self._basis(), self.now))
            decided = steps.next(self.observe())
            if ends_the_pass(decided):
                break
            acts.add(type(decided))
            self._act(decided)
        if steps.is_exhausted:
            self._broken("g", "a pass does not converge")
        # A proof of what was proven is never worth a write, and most passes make only that.
        if not (acts <= {Verify} and _is_quiet(before) and _is_quiet(self.state)):
            self._save()
        self.login_is_forbidden = False
        return decided.until

    def _act(self, decided: Decision) -> None:
        match decided:
            case Renew(reason):
                self._log_in(reason)
            case Verify(verifier):
                self._verify(verifier)
            case Publish():
                self._publish()
            case Revoke():
                self._revoke()
            case Keep() | Wait() | Refuse():
                raise AssertionError("a wait is nothing to carry out")

    def _circumstances(self) -> Circumstances:
        chance = self.random.random()
        return Circumstances(settings=self.connection.token, now=self.now, chance=chance)

    def _log_in(self, reason: str) -> None:
        if self.login_is_forbidden:
            self._broken("c", f"a restart cost a login ({reason})")
        self.lifecycle.apply(LoginSent(self.now))
        try:
            token = self.org.login(self.now)
        except FailureError as failure:
            self.lifecycle.apply(LoginFailed(failure, self._circumstances(), ""))
            return
        self.is_in_touch = True
        self.logins.append(self.now)
        login = Login(
            token=token,
            identity_hash=IDENTITY,
            key_fingerprint=KEY_FINGERPRINT,
            renew_request="",
            now=self.now,
        )
        before = self.state.held
        grant = self.connection.auth.grant.name
        auth = AuthStatus(grant=grant, key_fingerprint=KEY_FINGERPRINT)
        self.lifecycle.apply(LoggedIn(login, auth, self.connection.token))
        self._rotation_is_told_apart(before)
        self._logins_are_few()

    def _verify(self, verifier: Verifier) -> None:
        held = self.state.held
        if held is None:
            return
        self.verifications += 1
        try:
            proof = self.org.verify(held.token.value, verifier, self.now)
        except FailureError as failure:
            self.lifecycle.apply(VerificationFailed(failure, self._circumstances()))
            return
        self.is_in_touch = True
        self.lifecycle.apply(Verified(proof, self.now))
        self._safe_until_is_safe(verifier)

    def _publish(self) -> None:
        held = self.state.held
        if held is not None:
            self.target = Published(
                token=held.token,
                issued_at=whole_second(held.issued_at),
                expires_at=whole_second(life.shown_expiry(held, self.connection.token)),
            )

    def _revoke(self) -> None:
        held = self.state.held
        if held is not None and self.org.lives(held.token.value, self.now):
            self._broken("e", "a token that lives was revoked")
        self.own_revocations += 1
        self.org.revoke(self.now)
        self.org.forget_dead_session()
        self.lifecycle.apply(RevocationTried(self.now))

    # --- restart -------------------------------------------------------------

    def _basis(self) -> str:
        return basis_of(self.connection.generation, (), "")

    def _save(self) -> None:
        """Write the status where it shows more than the passing of time."""
        targets = self._written_targets()
        situation = situation_of(self.observe(), targets, self.status, None)
        status = status_of(situation, targets, self.status)
        if is_worth_writing(status, self.status):
            self.status = status

    def _written_targets(self) -> KnownTargets:
        if self.target is None:
            return KnownTargets()
        fingerprint, at = self.target.token.fingerprint, self.target.issued_at
        written = [
            TargetStatus(secret_name=one.secret_name, fingerprint=fingerprint, written_at=at)
            for one in self.connection.targets
        ]
        return KnownTargets.from_status(written, self.connection.targets)

    def _restart(self) -> None:
        self.restarts += 1
        lives = self.target is not None and self.org.lives(self.target.token.value, self.now)
        # What is kept of an instant is its whole second.
        soon = replace(self.observe(), now=self.now + 2 * SECOND)
        self.login_is_forbidden = lives and login_reason(soon) is None
        remembered = state_from(self.connection, self.status, self.now)
        self.lifecycle = Lifecycle(remembered, self.rules)
        held = None
        if self.target is not None:
            held = held_from(found_in(self.target), self.status, self.connection)
        self.lifecycle.apply(TokenRestored(held))

    # --- the laws ------------------------------------------------------------

    def token_life(self) -> timedelta:
        """Return how long a token lives by setting or claim."""
        is_opaque = self.org.habits.token_format is TokenFormat.OPAQUE
        return self.connection.token.lifetime if is_opaque else self.org.habits.timeout

    def _broken(self, law: str, what: str) -> None:
        self.violations.append(f"({law}) at {self.now - NOON}: {what}")

    def _interval(self) -> timedelta:
        """Return how long a death may go unnoticed."""
        settings = self.connection.token
        if not settings.verify_interval:
            return self.token_life() * settings.renew_at_percent / 100
        return max(min(settings.verify_interval, self.token_life() / 12), 5 * SECOND)

    def _no_dead_token_is_published(self, to: datetime) -> None:
        """Keep (a) and (b): no dead token stays in the target, and in an outage there is none."""
        if self.target is None:
            return
        value = self.target.token.value
        died_at = self.org.ends[value]
        if died_at >= to:
            return
        is_revoked = value in self.org.revoked
        if not is_revoked and not self.is_in_touch and self._outage_is_promised():
            self._broken("b", f"the target held a dead token in an outage, for {to - died_at}")
        if self.org.is_out:
            return
        since_outage = self.outage_ends
        dead_for = to - max(died_at, since_outage)
        allowed = ZERO if self._is_renewed_ahead() and not is_revoked else self._interval() + LOGIN
        if died_at < since_outage or to - since_outage < self.token_life():
            allowed += RETRY
        if dead_for > allowed:
            self._broken("a", f"the target held a dead token for {dead_for}, not {allowed}")

    def _is_renewed_ahead(self) -> bool:
        return self.org.habits.token_format is TokenFormat.JWT_NEW

    def _outage_is_promised(self) -> bool:
        match self.org.habits.token_format:
            case TokenFormat.JWT_NEW:
                return self.org.is_out
            case TokenFormat.JWT_UNCHANGED:
                return False
            case TokenFormat.OPAQUE:
                verifies = bool(self.connection.token.verify_interval)
                return verifies and self.org.habits.promises_outages

    def _logins_keep_their_pace(self, to: datetime) -> None:
        """(g): verification never puts a renewal off."""
        if not self.logins or self.org.is_out or to - self.outage_ends <= RETRY + LOGIN:
            return
        share = self.connection.token.renew_at_percent / 100
        if self.org.habits.token_format is TokenFormat.JWT_UNCHANGED:
            share = 1
        pause = self.token_life() * share + LOGIN
        if to - self.logins[-1] > pause:
            self._broken("g", f"no login for {to - self.logins[-1]}, not {pause}")

    def _logins_are_few(self) -> None:
        """(c): logins in an hour are those that are due, and some for each death."""
        hour_ago = self.now - HOUR
        made = sum(1 for at in reversed(self.logins[-400:]) if at > hour_ago)
        deaths = sum(1 for at in self.org.deaths[-100:] if at > hour_ago)
        pause = self.token_life() * (self.connection.token.renew_at_percent / 100 - 0.08)
        allowed = math.ceil(HOUR / pause) + 2 + deaths * (2 + self.org.habits.dead_answers)
        if made > allowed:
            self._broken("c", f"{made} logins in an hour, not {allowed}")

    def _safe_until_is_safe(self, verifier: Verifier) -> None:
        """(d): what is shown as safe is safe."""
        held = self.state.held
        if held is None or held.is_dead or verifier is not Verifier.LIMITS or not held.is_proven:
            return
        safe = life.safe_until(held, self.connection.token)
        if safe > self.org.ends[held.token.value]:
            self._broken("d", f"safe until {safe}, ends at {self.org.ends[held.token.value]}")

    def _rotation_is_told_apart(self, before: HeldToken | None) -> None:
        """(f): issued at and the session clock move only with another token."""
        after = self.state.held
        if before is None or after is None or before.token.value != after.token.value:
            return
        if after.issued_at != before.issued_at:
            self._broken("f", "the same token was taken for a new one")
        if after.proof_at != before.proof_at:
            self._broken("f", "a login that returned the same token moved the session clock")


def _is_quiet(remembered: State) -> bool:
    """Whether the token is proven and nothing fails."""
    held = remembered.held
    is_failing = remembered.login_failure or remembered.verification_failure
    return held is not None and held.is_proven and not held.is_dead and not is_failing


def simulate(
    habits: Habits,
    settings: TokenSettings,
    weather: Weather,
    *,
    seed: str = "",
    rules: Rules | None = None,
) -> SimulatedOperator:
    """Let an operator live through the weather and return it with the laws it broke."""
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    operator = SimulatedOperator(
        org=SimulatedOrg(habits=habits, random=random),
        connection=a_connection(uid=f"uid of {seed}", token=settings),
        weather=weather,
        rules=rules or Rules(),
        random=random,
    )
    operator.run()
    return operator
