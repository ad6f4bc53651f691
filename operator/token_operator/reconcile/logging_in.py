"""Logging in for one connection, where the call is admitted, and what follows from the answer."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from token_operator.clock import Clock
from token_operator.domain.budget import Urgency
from token_operator.domain.connection import Connection, ConnectionKey
from token_operator.domain.failures import FailureError
from token_operator.domain.identity_hash import identity_hash
from token_operator.domain.life import HeldToken
from token_operator.domain.lifecycle import Lifecycle
from token_operator.domain.org_identity import is_expected_org
from token_operator.domain.outbox import Outbox
from token_operator.domain.outcomes import LoggedIn, LoginFailed, LoginSent
from token_operator.domain.sources import literal
from token_operator.domain.state import Login, State
from token_operator.domain.status import AuthStatus, Status
from token_operator.domain.token import AccessToken
from token_operator.reconcile.call_admission import CallAdmission, Caller
from token_operator.reconcile.deferral import Progress, circumstances, record_postponed_login
from token_operator.reconcile.record import Record, Sources
from token_operator.reconcile.refreshing import Refreshing
from token_operator.salesforce.credentials import Credentials
from token_operator.salesforce.hosts import host_of
from token_operator.salesforce.minting import Attempt, Minted, Minting, refuse_another_org
from token_operator.telemetry.metrics import LoginResult, Metrics

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Started:
    """A login under way: the spec as it was when it began, and when (monotonic seconds)."""

    connection: Connection
    caller: Caller
    at: float


@dataclass(slots=True, kw_only=True)
class LoggingIn:
    """Makes logins; *retry_recovered* has connections of a host that answers again tried now."""

    minting: Minting
    refreshing: Refreshing
    admission: CallAdmission
    clock: Clock
    metrics: Metrics
    retry_recovered: Callable[[frozenset[ConnectionKey]], None]
    # Raises where another operator may be working by now.
    guard: Callable[[], None]

    async def log_in(self, record: Record, sources: Sources, reason: str) -> Progress:
        """Make one login, if the call is admitted."""
        self.guard()
        now, lifecycle, credentials = self.clock.now(), record.lifecycle, sources.credentials
        caller = caller_for(record.connection, lifecycle.state, credentials)
        denial = self.admission.admit_login(caller, now)
        if denial is not None:
            at = circumstances(record.connection, self.clock)
            return record_postponed_login(lifecycle, denial, at)
        lifecycle.apply(LoginSent(now))
        started = Started(record.connection, caller, self.clock.monotonic())
        try:
            with self.admission.hold_login_place(caller, now):
                minted = await self.minting.mint(self._attempt(record, caller, credentials))
                refuse_another_org(started.connection.org, minted.token)
        except FailureError as failure:
            self._fail(lifecycle, started, failure)
            return Progress.CONTINUES
        # A rotated refresh token, or a spec that changed meanwhile, has made others of them.
        self._succeed(record, started, minted, record.sources or sources)
        logger.debug("Logged in.", extra={"connection": record.key, "reason": reason})
        return Progress.CONTINUES

    def _attempt(self, record: Record, caller: Caller, credentials: Credentials) -> Attempt:
        connection, last = record.connection, record.auth or AuthStatus()
        return Attempt(
            org=connection.org,
            auth=connection.auth,
            credentials=credentials,
            last_audience=last.audience,
            last_key=last.key_fingerprint,
            count=lambda: self.admission.count_login(caller, self.clock.now()),
            refresh=lambda ref: self.refreshing.mint_and_store_rotated(record, ref, credentials),
        )

    def _succeed(self, record: Record, started: Started, minted: Minted, sources: Sources) -> None:
        connection, before = started.connection, record.state
        login = Login(
            token=minted.token,
            identity_hash=identity_hash_of(connection, sources.credentials),
            key_fingerprint=minted.key.fingerprint if minted.key else sources.credentials.mark,
            renew_request=connection.renew_request,
            now=self.clock.now(),
        )
        auth = auth_from(connection, sources, minted)
        record.lifecycle.apply(LoggedIn(login, auth, connection.token))
        announce_key_switch(record.outbox, sources, before.auth, minted)
        announce_another_org(record.outbox, before.held, record.status, login)
        held = before.held
        if held is None or held.token.value != minted.token.value:
            announce_new_token(record.outbox, before, minted.token, connection)
            if held is not None:
                record.account.replace(held, connection.token)
        self.admission.count_accepted_login(started.caller, login.now)
        seconds = self.clock.monotonic() - started.at
        self.metrics.login(
            grant=connection.auth.grant.name, result=LoginResult.SUCCESS, seconds=seconds
        )
        self.retry_recovered(self.admission.record_success(started.caller))

    def _fail(self, lifecycle: Lifecycle, started: Started, failure: FailureError) -> None:
        connection = started.connection
        self.retry_recovered(self.admission.record_outcome(started.caller, failure))
        at = circumstances(connection, self.clock)
        lifecycle.apply(LoginFailed(failure, at, connection.renew_request))
        result = LoginResult.of(failure.failure_class)
        seconds = self.clock.monotonic() - started.at
        self.metrics.login(grant=connection.auth.grant.name, result=result, seconds=seconds)
        self.metrics.login_failed(grant=connection.auth.grant.name, reason=failure.reason)


def caller_for(connection: Connection, state: State, credentials: Credentials) -> Caller:
    """Return which user logs in where, and how urgently."""
    return Caller(
        key=connection.key,
        host=host_of(connection.org.login_url),
        user=(credentials.consumer_key, credentials.username),
        urgency=urgency_of(state),
    )


def urgency_of(state: State) -> Urgency:
    """Return who goes first: dead tokens, then new connections, then the due ones."""
    if state.held is None:
        return Urgency.NEW
    return Urgency.DEAD if state.held.is_dead else Urgency.DUE


def identity_hash_of(connection: Connection, credentials: Credentials) -> str:
    """Return what stands for the login URL, app, user and org of the connection."""
    return identity_hash(
        connection, consumer_key=credentials.consumer_key, user=credentials.username
    )


def auth_from(connection: Connection, sources: Sources, minted: Minted) -> AuthStatus:
    """Return how the login was made, for the status."""
    key = minted.key
    return AuthStatus(
        grant=connection.auth.grant.name,
        audience=minted.audience,
        key_secret_name=key.place.secret_name if key else "",
        key_entry=key.place.entry if key else "",
        key_fingerprint=key.fingerprint if key else "",
        certificate_not_after=key.certificate_not_after if key else None,
        source_versions=tuple(sorted(sources.versions.items())),
    )


def announce_new_token(
    outbox: Outbox, before: State, token: AccessToken, connection: Connection
) -> None:
    """Announce a token that was not seen before."""
    reason = "TokenRenewed" if before.has_minted else "TokenMinted"
    user = literal(connection.auth.grant.username) or token.identity.user_id
    outbox.announce(reason, f"A new access token ({token.fingerprint}) for {user} was minted.")


def announce_another_org(
    outbox: Outbox, before: HeldToken | None, shown: Status, login: Login
) -> None:
    """Warn that the same login URL, app and user lead to another org than before.

    *before* is the token that was held; without one the status shows the last org.
    """
    shown_hash = shown.token.identity_hash if shown.token is not None else ""
    asked = before.identity_hash if before is not None else shown_hash
    if asked not in ("", login.identity_hash):
        return  # the spec names another one
    known = before.token.identity if before is not None else shown.identity
    org_id = login.token.identity.org_id
    if known is None or not known.org_id or not org_id:
        return
    if is_expected_org(known.org_id, org_id):
        return
    message = (
        f"The login now reaches org {org_id} (previously {known.org_id}): the sandbox was "
        "refreshed, or the host leads elsewhere. To allow one org only, set spec.org.expectedOrgID."
    )
    outbox.announce("OrgChanged", message, is_warning=True)


def announce_key_switch(
    outbox: Outbox, sources: Sources, before: AuthStatus | None, minted: Minted
) -> None:
    """Announce that another key of the pair works now, and which one may be removed."""
    key = minted.key
    worked = before.key_fingerprint if before is not None else ""
    if key is None or worked in ("", key.fingerprint):
        return
    old = next((one for one in sources.credentials.keys if one.fingerprint == worked), None)
    if old is None:
        return  # replaced within its Secret: there is no other key to remove
    outbox.announce(
        "KeySwitched",
        f"Salesforce accepts {key.place} now; {old.place} is refused and may be removed from the "
        "connection.",
    )
