"""A Salesforce org on virtual time: sessions that idle out, slide, are revoked, and outages."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from token_operator.domain.failures import SalesforceUnavailableError
from token_operator.domain.org_identity import OrgIdentity
from token_operator.domain.token import AccessToken, ExpirySource, Proof, Verdict, Verifier


class TokenFormat(StrEnum):
    """What kind of token the org issues."""

    OPAQUE = "opaque"
    JWT_UNCHANGED = "JWT until exp"
    JWT_NEW = "JWT each login"


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How the org treats sessions: what the documentation leaves open is a switch here."""

    timeout: timedelta
    token_format: TokenFormat = TokenFormat.OPAQUE
    # Any call starts the session anew, else only one in its second half.
    any_call_slides: bool = False
    userinfo_slides: bool = False
    login_extends: bool = False
    # The first login returns a session that somebody began earlier.
    first_is_old: bool = False
    # This many logins after a death still return the dead session, unless it is revoked.
    dead_answers: int = 0
    has_api_scope: bool = True
    api_usage: float = 0.1

    @property
    def promises_outages(self) -> bool:
        """Whether verification surely slides the session, as the outage promise asks."""
        return self.has_api_scope and self.api_usage <= 0.8


@dataclass(slots=True)
class SimulatedOrg:
    """One user's session at one app."""

    habits: Habits
    random: Random
    is_out: bool = False
    current: str = ""
    issued: int = 0
    # The instant at which each token ever issued stops working.
    ends: dict[str, datetime] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    deaths: list[datetime] = field(default_factory=list)
    dead_answers_left: int = 0

    def begin_old_session(self, now: datetime) -> None:
        """Begin a session whose idle time is partly used up."""
        share = self.random.uniform(0.02, 1)
        self._issue(now, self.habits.timeout * share)

    def lives(self, value: str, now: datetime) -> bool:
        """Tell whether a token works."""
        return value in self.ends and now < self.ends[value]

    def login(self, now: datetime) -> AccessToken:
        """Return a token for an assertion, the same while the session lives."""
        self._answer()
        if not self._answers_again(now):
            self._issue(now, self.habits.timeout)
        elif self.habits.login_extends and self.lives(self.current, now):
            self._extend(now)
        return self.token(self.current)

    def verify(self, value: str, verifier: Verifier, now: datetime) -> Proof:
        """Return what a call with the token tells, and slide its session."""
        self._answer()
        is_limits = verifier is Verifier.LIMITS
        if is_limits and not self.habits.has_api_scope:
            return Proof(verdict=Verdict.UNDECIDABLE, verifier=verifier)
        if not self.lives(value, now):
            return Proof(verdict=Verdict.DEAD, verifier=verifier)
        if is_limits or self.habits.userinfo_slides:
            self._slide(now)
        usage = self.habits.api_usage if is_limits else None
        return Proof(verdict=Verdict.ALIVE, verifier=verifier, api_usage=usage)

    def revoke(self, now: datetime) -> None:
        """End the session for everybody who holds it."""
        for value, end in self.ends.items():
            if end > now:
                self.ends[value] = now
                self.revoked.add(value)
        self.dead_answers_left = self.habits.dead_answers

    def forget_dead_session(self) -> None:
        """Stop answering with a dead session, as the revoke endpoint makes it."""
        self.dead_answers_left = 0

    def token(self, value: str) -> AccessToken:
        """Return the token as the answer to a login."""
        is_jwt = self.habits.token_format is not TokenFormat.OPAQUE
        exp = self._exp.get(value)
        return AccessToken(
            value=value,
            identity=OrgIdentity(instance_url="https://acme.my.salesforce.com"),
            scopes=("api", "id") if self.habits.has_api_scope else ("openid",),
            fixed_expiry=exp if is_jwt else None,
            expiry_source=ExpirySource.TOKEN_CLAIM if is_jwt else ExpirySource.CONFIGURED,
        )

    _exp: dict[str, datetime] = field(default_factory=dict)

    def _answer(self) -> None:
        if self.is_out:
            raise SalesforceUnavailableError("Salesforce answered 503.")

    def _answers_again(self, now: datetime) -> bool:
        """Tell whether a login returns the current session again."""
        if not self.current:
            return False
        if self.lives(self.current, now):
            return self.habits.token_format is not TokenFormat.JWT_NEW
        if self.dead_answers_left > 0:
            self.dead_answers_left -= 1
            return True
        self.deaths.append(now)
        return False

    def _issue(self, now: datetime, life: timedelta) -> None:
        self.issued += 1
        self.current = f"token {self.issued}"
        # The claim exp is a whole second.
        self.ends[self.current] = (now + life).replace(microsecond=0)
        self._exp[self.current] = self.ends[self.current]
        self.dead_answers_left = self.habits.dead_answers

    def _slide(self, now: datetime) -> None:
        timeout = self.habits.timeout
        is_second_half = now >= self.ends[self.current] - timeout / 2
        if self.habits.any_call_slides or is_second_half:
            self._extend(now)

    def _extend(self, now: datetime) -> None:
        if self.habits.token_format is TokenFormat.OPAQUE:
            self.ends[self.current] = now + self.habits.timeout
