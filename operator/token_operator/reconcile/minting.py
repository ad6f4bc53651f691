"""One round of tries to mint a token: each key, each audience, until Salesforce says yes.

Every try counts in the login budget. A rotated refresh token is written back
before anything else happens, as the one that was sent is dead by then.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from token_operator.clock import Clock
from token_operator.domain.audiences import candidates, moves_on, to_show
from token_operator.domain.connection import Connection
from token_operator.domain.failures import (
    ClockSkewError,
    FailureError,
    OrgMismatchError,
    SignatureRejectedError,
)
from token_operator.domain.grants import ClientCredentials, JWTBearer, RefreshToken
from token_operator.domain.org_identity import is_expected_org
from token_operator.domain.status import AuthStatus
from token_operator.domain.token import AccessToken
from token_operator.reconcile.record import Record, Sources
from token_operator.reconcile.refreshing import Refreshing
from token_operator.salesforce.grants import (
    ClientCredentialsRequest,
    JWTBearerRequest,
    mint_with_client_credentials,
    mint_with_jwt_bearer,
)
from token_operator.salesforce.hosts import AllowedHosts, host_of
from token_operator.salesforce.keys.signer import Signer
from token_operator.salesforce.transport import Transport

# An offset of the org's clock that may make an assertion look expired.
WORTH_CORRECTING: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """A token, and how Salesforce was asked for it."""

    token: AccessToken
    audience: str = ""
    key: Signer | None = None


@dataclass(slots=True)
class Round:
    """One round for one connection; *count* is called before every try after the first."""

    connection: Connection
    sources: Sources
    last: AuthStatus | None
    count: Callable[[], None]
    tries: int = 0
    failures: list[FailureError] = field(default_factory=list)

    def begin_try(self) -> None:
        """Count a try in the login budget; the first is counted with its place."""
        if self.tries:
            self.count()
        self.tries += 1

    def keys_to_try(self) -> tuple[Signer, ...]:
        """Return the keys to try: the one that logged in last goes first."""
        worked = self.last.key_fingerprint if self.last is not None else ""
        return tuple(sorted(self.sources.keys, key=lambda key: key.fingerprint != worked))

    def audiences_to_try(self) -> tuple[str, ...]:
        """Return the audiences to try: the one that worked last goes first."""
        org = self.connection.org
        worked = self.last.audience if self.last is not None else ""
        return candidates(org.login_url, org.audience, worked or None)


@dataclass(slots=True)
class Minting:
    """Mints tokens by the grant that the connection names."""

    transport: Transport
    hosts: AllowedHosts
    clock: Clock
    refreshing: Refreshing

    async def mint(self, record: Record, turn: Round) -> Minted:
        """Return a token of the expected org, or raise the FailureError that says most."""
        match turn.connection.auth.grant:
            case JWTBearer():
                minted = await self._with_keys(turn)
            case ClientCredentials():
                minted = Minted(token=await self._with_client_credentials(turn))
            case RefreshToken() as grant:
                turn.begin_try()
                minted = Minted(token=await self.refreshing.mint(record, grant, turn.sources))
        refuse_another_org(turn.connection, minted.token)
        return minted

    async def _with_client_credentials(self, turn: Round) -> AccessToken:
        connection, sources = turn.connection, turn.sources
        turn.begin_try()
        request = ClientCredentialsRequest(
            login_url=connection.org.login_url,
            consumer_key=sources.consumer_key,
            consumer_secret=sources.consumer_secret,
            consumer_key_is_public=isinstance(connection.auth.consumer_key, str),
        )
        now = self.clock.now()
        return await mint_with_client_credentials(
            self.transport, request, now=now, hosts=self.hosts
        )

    async def _with_keys(self, turn: Round) -> Minted:
        """Try one key after the other; the next is for a refused signature alone."""
        refused: list[FailureError] = []
        for key in turn.keys_to_try():
            try:
                return await self._with_audiences(turn, key)
            except SignatureRejectedError as failure:
                refused.append(naming_the_key(failure, key))
        raise refused[0]

    async def _with_audiences(self, turn: Round, key: Signer) -> Minted:
        """Try one audience after the other, as long as the failure may be about the audience."""
        failures: list[FailureError] = []
        for audience in turn.audiences_to_try():
            try:
                token = await self._in_their_time(turn, key, audience)
            except FailureError as failure:
                if not moves_on(failure):
                    raise
                failures.append(failure)
            else:
                return Minted(token=token, audience=audience, key=key)
        raise to_show(failures)

    async def _in_their_time(self, turn: Round, key: Signer, audience: str) -> AccessToken:
        """Try once, and once more where the answer has told that our clock is off."""
        host = host_of(turn.connection.org.login_url)
        assumed = self.transport.offsets.of(host)
        try:
            return await self._assert(turn, key, audience)
        except ClockSkewError:
            if abs(self.transport.offsets.of(host) - assumed) < WORTH_CORRECTING:
                raise
        return await self._assert(turn, key, audience)

    async def _assert(self, turn: Round, key: Signer, audience: str) -> AccessToken:
        connection, sources = turn.connection, turn.sources
        turn.begin_try()
        request = JWTBearerRequest(
            login_url=connection.org.login_url,
            audience=audience,
            consumer_key=sources.consumer_key,
            username=sources.username,
            signer=key,
            consumer_key_is_public=isinstance(connection.auth.consumer_key, str),
            username_is_public=isinstance(connection.auth.grant.username, str),
        )
        now: datetime = self.clock.now()
        return await mint_with_jwt_bearer(self.transport, request, now=now, hosts=self.hosts)


def refuse_another_org(connection: Connection, token: AccessToken) -> None:
    """Raise OrgMismatchError for a token of another org than the connection expects."""
    expected = connection.org.expected_org_id
    if not is_expected_org(expected, token.identity.org_id):
        raise OrgMismatchError(
            f"Salesforce answered with a token of org {token.identity.org_id or '(not told)'}, "
            f"expected is {expected}."
        )


def naming_the_key(failure: FailureError, key: Signer) -> FailureError:
    """Return the refusal of a signature with the key that it was made with."""
    return SignatureRejectedError(
        f"{failure.message} The assertion was signed with entry {key.entry} of Secret "
        f"{key.secret_name} ({key.fingerprint}).",
        remedy=failure.advice,
    )
