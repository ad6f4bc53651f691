"""One way to log in, for the operator and the plugin: each key, each audience, until it works.

Every try counts in the login budget.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from token_operator.clock import Clock
from token_operator.domain.audiences import candidates, moves_on, to_show
from token_operator.domain.connection import Auth, Org
from token_operator.domain.failures import (
    ClockSkewError,
    FailureError,
    OrgMismatchError,
    SignatureRejectedError,
)
from token_operator.domain.grants import ClientCredentials, JWTBearer, RefreshToken
from token_operator.domain.org_identity import is_expected_org
from token_operator.domain.sent_values import naming_sent_values
from token_operator.domain.sources import EntryRef
from token_operator.domain.token import AccessToken
from token_operator.salesforce.credentials import Credentials
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


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One login of a connection, which may take several tries."""

    org: Org
    auth: Auth
    credentials: Credentials
    # What worked last is tried first; empty if nothing is known.
    last_audience: str = ""
    last_key: str = ""
    # Called before every try after the first, which is counted with its place.
    count: Callable[[], None]
    # Sends the stored refresh token, and stores the one that the org gives in its place.
    refresh: Callable[[EntryRef], Awaitable[AccessToken]]
    # The signatures that Salesforce refused, each with its key, in the order of the tries.
    refused: list[FailureError] = field(default_factory=list)
    _tries: int = 0

    def begin_try(self) -> None:
        """Count a try in the login budget."""
        if self._tries:
            self.count()
        self._tries += 1

    @property
    def consumer_key_is_public(self) -> bool:
        """Whether the connection itself shows the consumer key."""
        return isinstance(self.auth.consumer_key, str)

    def keys_to_try(self) -> tuple[Signer, ...]:
        """Return the keys to try: the one that logged in last goes first."""
        return tuple(
            sorted(self.credentials.keys, key=lambda key: key.fingerprint != self.last_key)
        )

    def audiences_to_try(self) -> tuple[str, ...]:
        """Return the audiences to try: the one that worked last goes first."""
        return candidates(self.org.login_url, self.org.audience, self.last_audience or None)


@dataclass(frozen=True, slots=True)
class Minting:
    """Mints tokens by the grant that the connection names."""

    transport: Transport
    hosts: AllowedHosts
    clock: Clock

    async def mint(self, attempt: Attempt) -> Minted:
        """Return a token, of whatever org, or raise the FailureError that explains most."""
        try:
            return await self._with_grant(attempt)
        except FailureError as failure:
            raise naming_sent_values(failure, attempt.org, attempt.auth) from None

    async def _with_grant(self, attempt: Attempt) -> Minted:
        match attempt.auth.grant:
            case JWTBearer():
                return await self._with_keys(attempt)
            case ClientCredentials():
                return Minted(token=await self._with_client_credentials(attempt))
            case RefreshToken(refresh_token=ref):  # pragma: no branch - exhaustive
                attempt.begin_try()
                return Minted(token=await attempt.refresh(ref))

    async def _with_client_credentials(self, attempt: Attempt) -> AccessToken:
        attempt.begin_try()
        request = ClientCredentialsRequest(
            login_url=attempt.org.login_url,
            consumer_key=attempt.credentials.consumer_key,
            consumer_secret=attempt.credentials.consumer_secret,
            consumer_key_is_public=attempt.consumer_key_is_public,
        )
        now = self.clock.now()
        return await mint_with_client_credentials(
            self.transport, request, now=now, hosts=self.hosts
        )

    async def _with_keys(self, attempt: Attempt) -> Minted:
        """Try one key after the other; the next is for a refused signature alone."""
        for key in attempt.keys_to_try():
            try:
                return await self._with_audiences(attempt, key)
            except SignatureRejectedError as failure:
                attempt.refused.append(naming_the_key(failure, key))
        raise attempt.refused[0]

    async def _with_audiences(self, attempt: Attempt, key: Signer) -> Minted:
        """Try one audience after the other, as long as the failure may be about the audience."""
        failures: list[FailureError] = []
        for audience in attempt.audiences_to_try():
            try:
                token = await self._send_with_clock_correction(attempt, key, audience)
            except FailureError as failure:
                if not moves_on(failure):
                    raise
                failures.append(failure)
            else:
                return Minted(token=token, audience=audience, key=key)
        raise to_show(failures)

    async def _send_with_clock_correction(
        self, attempt: Attempt, key: Signer, audience: str
    ) -> AccessToken:
        """Try once, and once more where the answer has shown that our clock is off."""
        host = host_of(attempt.org.login_url)
        assumed = self.transport.offsets.of(host)
        try:
            return await self._send_assertion(attempt, key, audience)
        except ClockSkewError:
            if abs(self.transport.offsets.of(host) - assumed) < WORTH_CORRECTING:
                raise
        return await self._send_assertion(attempt, key, audience)

    async def _send_assertion(self, attempt: Attempt, key: Signer, audience: str) -> AccessToken:
        attempt.begin_try()
        request = JWTBearerRequest(
            login_url=attempt.org.login_url,
            audience=audience,
            consumer_key=attempt.credentials.consumer_key,
            username=attempt.credentials.username,
            signer=key,
            consumer_key_is_public=attempt.consumer_key_is_public,
            username_is_public=isinstance(attempt.auth.grant.username, str),
        )
        now = self.clock.now()
        return await mint_with_jwt_bearer(self.transport, request, now=now, hosts=self.hosts)


def refuse_another_org(org: Org, token: AccessToken) -> None:
    """Raise OrgMismatchError for a token of another org than the connection expects."""
    if not is_expected_org(org.expected_org_id, token.identity.org_id):
        raise OrgMismatchError(
            f"Salesforce answered with a token of org {token.identity.org_id or '(unknown)'}, "
            f"expected {org.expected_org_id}."
        )


def naming_the_key(failure: FailureError, key: Signer) -> FailureError:
    """Return the refusal of a signature with the key that it was made with."""
    return SignatureRejectedError(
        f"{failure.message} The assertion was signed with {key.place} ({key.fingerprint}).",
        remedy=failure.advice,
    )
