"""Calling Salesforce for one connection: log in, verify, revoke.

Each call asks the desk first. What comes back changes the state by the
functions of ``domain/``; nothing is written to the cluster here.
"""

import logging
import random
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from token_operator.clock import Clock
from token_operator.domain import life
from token_operator.domain.budget import Urgency
from token_operator.domain.connection import Connection, ConnectionKey
from token_operator.domain.failing import (
    Circumstances,
    after_login_failure,
    after_verification_failure,
)
from token_operator.domain.failures import (
    ClockSkewError,
    FailureError,
    LoginBudgetExhaustedError,
    OrgMismatchError,
    SignatureRejectedError,
)
from token_operator.domain.identity import identity_hash, is_expected_org
from token_operator.domain.life import HeldToken
from token_operator.domain.state import (
    Login,
    State,
    after_attempt,
    after_login,
    after_proof,
    after_revocation,
)
from token_operator.domain.status import AuthStatus
from token_operator.domain.token import AccessToken, Proof, Verdict, Verifier
from token_operator.reconcile.desk import Caller, Desk, Exhausted, HostFails, Obstacle, Parked
from token_operator.reconcile.record import Record, Sources
from token_operator.salesforce.grants import JWTBearerRequest, mint_with_jwt_bearer
from token_operator.salesforce.hosts import AllowedHosts, automatic_audience, host_of
from token_operator.salesforce.revocation import revoke
from token_operator.salesforce.transport import Transport
from token_operator.salesforce.verification import (
    newest_api_version,
    verify_by_limits,
    verify_by_userinfo,
)
from token_operator.telemetry.metrics import LoginResult, Metrics

logger = logging.getLogger(__name__)

# An offset of the org's clock that may make an assertion look expired.
WORTH_CORRECTING: Final = timedelta(seconds=30)
# API versions of orgs are remembered for this many instance URLs.
MAX_VERSIONS: Final = 1000


@dataclass(slots=True)
class Calling:
    """Makes the calls; *wake* puts a key into the queue."""

    transport: Transport
    hosts: AllowedHosts
    desk: Desk
    clock: Clock
    metrics: Metrics
    wake: Callable[[frozenset[ConnectionKey]], None]
    # Raises where another operator may be working by now.
    guard: Callable[[], None]
    _versions: OrderedDict[str, str] = field(default_factory=OrderedDict)

    # --- Logging in ---

    async def log_in(self, record: Record, sources: Sources, reason: str) -> bool:
        """Make one login; return whether the pass may go on (False: parked)."""
        self.guard()
        connection, now = record.connection, self.clock.now()
        caller = Caller(
            key=record.key,
            host=host_of(connection.org.login_url),
            user=(sources.consumer_key, sources.username),
            urgency=urgency_of(record.state),
        )
        obstacle = self.desk.obstacle_to_login(caller, now)
        if obstacle is not None:
            return self._obstructed(record, obstacle, now)
        record.state = after_attempt(record.state, now)
        started = self.clock.monotonic()
        try:
            with self.desk.login(caller, now):
                token = await self._mint_in_their_time(caller, connection, sources)
        except FailureError as failure:
            told = naming_the_key(failure, sources)
            self._login_failed(record, caller, told, self.clock.monotonic() - started)
            return True
        self._logged_in(record, sources, token, self.clock.monotonic() - started)
        self.wake(self.desk.note_success(caller))
        logger.debug("Logged in.", extra={"connection": record.key, "reason": reason})
        return True

    async def _mint_in_their_time(
        self, caller: Caller, connection: Connection, sources: Sources
    ) -> AccessToken:
        """Mint, and once more where the answer has told that our clock is off."""
        offsets = self.transport.offsets
        assumed = offsets.of(caller.host)
        try:
            return await self._mint(connection, sources)
        except ClockSkewError:
            if abs(offsets.of(caller.host) - assumed) < WORTH_CORRECTING:
                raise
        self.desk.count_login(caller, self.clock.now())
        return await self._mint(connection, sources)

    async def _mint(self, connection: Connection, sources: Sources) -> AccessToken:
        org, auth = connection.org, connection.auth
        request = JWTBearerRequest(
            login_url=org.login_url,
            audience=org.audience or automatic_audience(org.login_url),
            consumer_key=sources.consumer_key,
            username=sources.username,
            key=sources.key,
            consumer_key_is_public=auth.consumer_key is not None,
            username_is_public=auth.username is not None,
        )
        token = await mint_with_jwt_bearer(
            self.transport, request, now=self.clock.now(), hosts=self.hosts
        )
        if not is_expected_org(org.expected_org_id, token.org_id):
            raise OrgMismatchError(
                f"Salesforce answered with a token of org {token.org_id or '(not told)'}, "
                f"expected is {org.expected_org_id}."
            )
        return token

    def _logged_in(
        self, record: Record, sources: Sources, token: AccessToken, seconds: float
    ) -> None:
        connection, now = record.connection, self.clock.now()
        before = record.state.held
        login = Login(
            token=token,
            identity=identity_of(connection, sources),
            key_fingerprint=sources.key.fingerprint,
            renew_request=connection.renew_request,
            now=now,
        )
        record.state = after_login(record.state, login, connection.token)
        record.auth = auth_from(connection, sources)
        self.metrics.login(grant=connection.auth.grant, result=LoginResult.SUCCESS, seconds=seconds)
        if before is None or before.token.value != token.value:
            self._tell_of_new_token(record, before, token, now)

    def _tell_of_new_token(
        self, record: Record, before: HeldToken | None, token: AccessToken, now: datetime
    ) -> None:
        if before is not None:
            left = life.expires_at(before, record.connection.token) - now
            alive = not before.is_dead
            self.metrics.renewal_margin(seconds=left.total_seconds() if alive else 0.0)
            if before.dead_since is not None:
                record.dead_seconds += (now - before.dead_since).total_seconds()
        reason = "TokenRenewed" if record.has_minted else "TokenMinted"
        user = record.connection.auth.username or token.user_id
        record.tell(reason, f"A new access token ({token.fingerprint}) for {user} was minted.")
        record.has_minted = True

    def _login_failed(
        self, record: Record, caller: Caller, failure: FailureError, seconds: float
    ) -> None:
        connection = record.connection
        self.wake(self.desk.note_failure(caller, failure))
        record.state = after_login_failure(
            record.state,
            failure,
            self._circumstances(record),
            renew_request=connection.renew_request,
        )
        result = LoginResult.of(failure.failure_class)
        self.metrics.login(grant=connection.auth.grant, result=result, seconds=seconds)
        self.metrics.login_failed(grant=connection.auth.grant, reason=failure.reason)

    # --- Verifying ---

    async def verify(self, record: Record, verifier: Verifier) -> bool:
        """Prove the token that is held; return whether the pass may go on (False: parked)."""
        held, now = record.state.held, self.clock.now()
        if held is None:
            return True
        caller = Caller(key=record.key, host=host_of(held.token.instance_url))
        obstacle = self.desk.obstacle_to_verification(caller, now)
        if obstacle is not None:
            return self._obstructed(record, obstacle, now, is_login=False)
        try:
            with self.desk.verification(caller):
                proof = await self._prove(record, held.token, verifier)
        except FailureError as failure:
            self.wake(self.desk.note_failure(caller, failure))
            self._verification_failed(record, failure)
            return True
        self.metrics.verification(verdict=proof.verdict)
        self._proven(record, proof, held)
        self.wake(self.desk.note_success(caller))
        return True

    async def _prove(self, record: Record, token: AccessToken, verifier: Verifier) -> Proof:
        if not record.state.api_version:
            version = await self._api_version(record.connection, token.instance_url)
            record.state = replace(record.state, api_version=version)
        match verifier:
            case Verifier.LIMITS:
                return await verify_by_limits(
                    self.transport, token, api_version=record.state.api_version
                )
            case Verifier.USERINFO:
                return await verify_by_userinfo(self.transport, token)

    async def _api_version(self, connection: Connection, instance_url: str) -> str:
        """Return the version that the spec asks for, else the newest of the org, read once."""
        if connection.org.api_version is not None:
            return connection.org.api_version
        if instance_url not in self._versions:
            self._versions[instance_url] = await newest_api_version(self.transport, instance_url)
            if len(self._versions) > MAX_VERSIONS:
                self._versions.popitem(last=False)
        return self._versions[instance_url]

    def _proven(self, record: Record, proof: Proof, before: HeldToken) -> None:
        now = self.clock.now()
        record.state = after_proof(record.state, proof, now)
        held = record.state.held
        if held is not None and held.is_dead and not before.is_dead:
            fingerprint = held.token.fingerprint
            record.tell(
                "TokenDied", f"Salesforce ended the session of {fingerprint}.", is_warning=True
            )
        if proof.verdict is Verdict.ALIVE and before.dead_since is not None:
            record.dead_seconds += (now - before.dead_since).total_seconds()

    def _verification_failed(self, record: Record, failure: FailureError) -> None:
        self.metrics.verification(verdict=Verdict.UNDECIDABLE)
        record.state = after_verification_failure(
            record.state, failure, self._circumstances(record)
        )

    # --- Revoking ---

    async def end_session(self, record: Record) -> bool:
        """Revoke the token that is held; return whether Salesforce took it."""
        self.guard()
        held = record.state.held
        if held is None:
            return True
        try:
            await revoke(self.transport, held.token.value, base_url=held.token.instance_url)
        except FailureError as failure:
            logger.warning("A revocation failed: %s", failure.reason)
            record.state = after_revocation(record.state, self.clock.now())
            return False
        record.state = after_revocation(record.state, self.clock.now())
        record.tell("TokenRevoked", f"The session of {held.token.fingerprint} was revoked.")
        return True

    # --- What both have in common ---

    def _obstructed(
        self, record: Record, obstacle: Obstacle, now: datetime, *, is_login: bool = True
    ) -> bool:
        """Note why no call may be made; return whether the pass may go on."""
        match obstacle:
            case Parked():
                return False
            case Exhausted(free_at, is_hard):
                if is_hard:
                    self._budget_exhausted(record, free_at - now)
                return is_hard
            case HostFails(failure) if is_login:
                record.state = after_login_failure(
                    record.state,
                    failure,
                    self._circumstances(record),
                    renew_request=record.state.handled_renew_request,
                )
                return True
            case HostFails(failure):
                self._verification_failed(record, failure)
                return True

    def _budget_exhausted(self, record: Record, wait: timedelta) -> None:
        failure = LoginBudgetExhaustedError(
            "The login budget of the integration user is used up.", retry_after=wait
        )
        record.state = after_login_failure(
            record.state,
            failure,
            self._circumstances(record),
            renew_request=record.state.handled_renew_request,
        )

    def _circumstances(self, record: Record) -> Circumstances:
        return Circumstances(
            settings=record.connection.token,
            now=self.clock.now(),
            chance=random.random(),  # noqa: S311 - spreads retries, protects nothing
        )


def naming_the_key(failure: FailureError, sources: Sources) -> FailureError:
    """Return *failure*; a refused signature also says which key it was made with."""
    if not isinstance(failure, SignatureRejectedError):
        return failure
    key = sources.key
    return SignatureRejectedError(
        f"{failure.message} The assertion was signed with entry {key.entry} of Secret "
        f"{key.secret_name} ({key.fingerprint}).",
        remedy=failure.advice,
    )


def urgency_of(state: State) -> Urgency:
    """Return who goes first: dead tokens, then new connections, then the due ones."""
    if state.held is None:
        return Urgency.NEW
    return Urgency.DEAD if state.held.is_dead else Urgency.DUE


def identity_of(connection: Connection, sources: Sources) -> str:
    """Return who the connection is towards Salesforce."""
    return identity_hash(connection, consumer_key=sources.consumer_key, user=sources.username)


def auth_from(connection: Connection, sources: Sources) -> AuthStatus:
    """Return how the login was made, for the status."""
    org = connection.org
    return AuthStatus(
        grant=connection.auth.grant,
        audience=org.audience or automatic_audience(org.login_url),
        key_secret_name=sources.key.secret_name,
        key_entry=sources.key.entry,
        key_fingerprint=sources.key.fingerprint,
        certificate_not_after=sources.key.certificate_not_after,
        source_versions=tuple(sorted(sources.versions.items())),
    )
