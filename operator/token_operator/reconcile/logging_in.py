"""Logging in for one connection, as the desk admits it, and what follows from the answer."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from token_operator.clock import Clock
from token_operator.domain import life
from token_operator.domain.budget import Urgency
from token_operator.domain.connection import Connection, ConnectionKey
from token_operator.domain.failing import after_login_failure
from token_operator.domain.failures import FailureError
from token_operator.domain.identity import identity_hash
from token_operator.domain.life import HeldToken
from token_operator.domain.state import Login, State, after_attempt, after_login
from token_operator.domain.status import AuthStatus
from token_operator.domain.token import AccessToken
from token_operator.reconcile.desk import Caller, Desk
from token_operator.reconcile.minting import Minted, Minting, Round
from token_operator.reconcile.obstructing import circumstances, login_is_put_off
from token_operator.reconcile.record import Record, Sources
from token_operator.salesforce.hosts import host_of
from token_operator.telemetry.metrics import LoginResult, Metrics

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login under way: the spec as it was when it began, and when (monotonic seconds)."""

    connection: Connection
    caller: Caller
    started: float


@dataclass(slots=True, kw_only=True)
class LoggingIn:
    """Makes logins; *wake* puts keys into the queue."""

    minting: Minting
    desk: Desk
    clock: Clock
    metrics: Metrics
    wake: Callable[[frozenset[ConnectionKey]], None]
    # Raises where another operator may be working by now.
    guard: Callable[[], None]

    async def log_in(self, record: Record, sources: Sources, reason: str) -> bool:
        """Make one login; return whether the pass may go on (False: parked)."""
        self.guard()
        now, caller = self.clock.now(), caller_for(record, sources)
        obstacle = self.desk.obstacle_to_login(caller, now)
        if obstacle is not None:
            return login_is_put_off(record, obstacle, self.clock, now)
        record.state = after_attempt(record.state, now)
        attempt = Attempt(record.connection, caller, self.clock.monotonic())
        turn = Round(
            connection=record.connection,
            sources=sources,
            last=record.auth,
            count=lambda: self.desk.count_login(caller, self.clock.now()),
        )
        try:
            with self.desk.login(caller, now):
                minted = await self.minting.mint(record, turn)
        except FailureError as failure:
            self._failed(record, attempt, failure)
            return True
        # A rotated refresh token, or a spec that changed meanwhile, has made others of them.
        self._succeeded(record, attempt, minted, record.sources or sources)
        logger.debug("Logged in.", extra={"connection": record.key, "reason": reason})
        return True

    def _succeeded(
        self, record: Record, attempt: Attempt, minted: Minted, sources: Sources
    ) -> None:
        connection, now = attempt.connection, self.clock.now()
        before, auth_before = record.state.held, record.auth
        login = Login(
            token=minted.token,
            identity=identity_of(connection, sources),
            key_fingerprint=minted.key.fingerprint if minted.key else sources.mark,
            renew_request=connection.renew_request,
            now=now,
        )
        record.state = after_login(record.state, login, connection.token)
        record.auth = auth_from(connection, sources, minted)
        tell_of_key_switch(record, sources, auth_before, minted)
        if before is None or before.token.value != minted.token.value:
            self._tell_of_new_token(record, before, minted.token)
        seconds = self.clock.monotonic() - attempt.started
        self.metrics.login(grant=connection.auth.grant, result=LoginResult.SUCCESS, seconds=seconds)
        self.wake(self.desk.note_success(attempt.caller))

    def _tell_of_new_token(
        self, record: Record, before: HeldToken | None, token: AccessToken
    ) -> None:
        if before is not None:
            end = life.expires_at(before, record.connection.token)
            record.replaced_end = min(end, before.dead_since or end)
        reason = "TokenRenewed" if record.has_minted else "TokenMinted"
        user = record.connection.auth.username or token.user_id
        record.outbox.announce(
            reason, f"A new access token ({token.fingerprint}) for {user} was minted."
        )
        record.has_minted = True

    def _failed(self, record: Record, attempt: Attempt, failure: FailureError) -> None:
        connection = attempt.connection
        self.wake(self.desk.note_failure(attempt.caller, failure))
        at = circumstances(record, self.clock)
        record.state = after_login_failure(
            record.state, failure, at, renew_request=connection.renew_request
        )
        result = LoginResult.of(failure.failure_class)
        seconds = self.clock.monotonic() - attempt.started
        self.metrics.login(grant=connection.auth.grant, result=result, seconds=seconds)
        self.metrics.login_failed(grant=connection.auth.grant, reason=failure.reason)


def caller_for(record: Record, sources: Sources) -> Caller:
    """Return who logs in where, and how urgently."""
    return Caller(
        key=record.key,
        host=host_of(record.connection.org.login_url),
        user=(sources.consumer_key, sources.username),
        urgency=urgency_of(record.state),
    )


def urgency_of(state: State) -> Urgency:
    """Return who goes first: dead tokens, then new connections, then the due ones."""
    if state.held is None:
        return Urgency.NEW
    return Urgency.DEAD if state.held.is_dead else Urgency.DUE


def identity_of(connection: Connection, sources: Sources) -> str:
    """Return who the connection is towards Salesforce."""
    return identity_hash(connection, consumer_key=sources.consumer_key, user=sources.username)


def auth_from(connection: Connection, sources: Sources, minted: Minted) -> AuthStatus:
    """Return how the login was made, for the status."""
    key = minted.key
    return AuthStatus(
        grant=connection.auth.grant,
        audience=minted.audience,
        key_secret_name=key.secret_name if key else "",
        key_entry=key.entry if key else "",
        key_fingerprint=key.fingerprint if key else "",
        certificate_not_after=key.certificate_not_after if key else None,
        source_versions=tuple(sorted(sources.versions.items())),
    )


def tell_of_key_switch(
    record: Record, sources: Sources, before: AuthStatus | None, minted: Minted
) -> None:
    """Tell when another key of the pair works now, and which one may go."""
    key = minted.key
    worked = before.key_fingerprint if before is not None else ""
    if key is None or worked in ("", key.fingerprint):
        return
    old = next((one for one in sources.keys if one.fingerprint == worked), None)
    if old is None:
        return  # replaced within its Secret: there is no other key to let go
    record.outbox.announce(
        "KeySwitched",
        f"Salesforce accepts entry {key.entry} of Secret {key.secret_name} now; entry {old.entry} "
        f"of Secret {old.secret_name} is refused and may be removed from the connection.",
    )
