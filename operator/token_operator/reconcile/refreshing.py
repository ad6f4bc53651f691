"""Logging in with a refresh token, which the org may rotate.

Where the app rotates refresh tokens, an answer makes the stored one useless,
and using it again ends the new one too. So the entry is read right before it
is sent, by one login at a time for one app, and the rotated token is written
back before anything else happens. What could not be written is kept in memory
and written first the next time. A used one that another writer puts back is not
sent: its hash is remembered, in the status of each connection that reads the
Secret. If the process dies between answer and write,
the new token is lost: the next login says RefreshTokenExpired, and the app has
to be approved again.
"""

import logging
from dataclasses import dataclass, field, replace

from token_operator.clock import Clock
from token_operator.cluster.api import Api, ConflictError, ForbiddenError, NotFoundError
from token_operator.cluster.secrets import read_secret, write_entry
from token_operator.domain.connection import Connection
from token_operator.domain.failures import (
    FailureError,
    RefreshTokenExpiredError,
    SourceForbiddenError,
    SourceSecretMissingError,
    TerminalError,
)
from token_operator.domain.outcomes import RefreshTokenUsed
from token_operator.domain.sources import EntryRef
from token_operator.domain.targets.labels import MANAGER
from token_operator.domain.targets.secret import Secret
from token_operator.domain.token import AccessToken
from token_operator.domain.used_refresh_tokens import was_used
from token_operator.reconcile.credentials import stored_token_in
from token_operator.reconcile.record import KnownSources, Record, Sources
from token_operator.reconcile.records import Records
from token_operator.salesforce.credentials import Credentials
from token_operator.salesforce.grants import RefreshTokenRequest, mint_with_refresh_token
from token_operator.salesforce.hosts import AllowedHosts
from token_operator.salesforce.transport import Transport
from token_operator.telemetry.metrics import Metrics, WriteResult, Written

logger = logging.getLogger(__name__)

Place = tuple[str, EntryRef]  # namespace, entry


@dataclass(frozen=True, slots=True)
class Rotation:
    """A refresh token that was sent, and the one that the org gave in its place."""

    used: str = field(repr=False)
    given: str = field(repr=False)


class RefreshTokenReturnedError(TerminalError, variant_of=RefreshTokenExpiredError):
    """The Secret holds a refresh token again that was used before; it is not sent."""

    remedy = (
        "Approve the app again and store the new refresh token (kubectl salesforce authorize); "
        "where a controller or a manifest manages the entry, take the entry out of it, because "
        "the operator writes the refresh token that Salesforce returns at each login."
    )
    blames_credentials = True


@dataclass(slots=True)
class Refreshing:
    """Mints with refresh tokens and stores the rotated ones."""

    api: Api
    records: Records
    transport: Transport
    hosts: AllowedHosts
    clock: Clock
    metrics: Metrics
    _unwritten: dict[Place, Rotation] = field(default_factory=dict)

    async def mint_and_store_rotated(
        self, record: Record, ref: EntryRef, credentials: Credentials
    ) -> AccessToken:
        """Return a token; a rotated refresh token is stored by then, and known in *record*.

        Raise a FailureError, RefreshTokenReturnedError before a used refresh token is sent, or
        ApiUnavailableError where the rotated token could not be stored yet.
        """
        connection, known = record.connection, record.known_sources
        place = (connection.key.namespace, ref)
        secret = await self._read_after_writing(place, known)
        used = stored_token_in(secret, ref)
        if self._was_used(place, used):
            raise returned(secret, ref)
        refreshed = await mint_with_refresh_token(
            self.transport,
            request_of(connection, credentials, used),
            now=self.clock.now(),
            hosts=self.hosts,
        )
        if refreshed.rotated_refresh_token:
            self._remember(place, record, used)
            self._unwritten[place] = Rotation(used, refreshed.rotated_refresh_token)
            await self._write(place, secret, known)
        if isinstance(refreshed.token, FailureError):
            raise refreshed.token
        return refreshed.token

    def _was_used(self, place: Place, token: str) -> bool:
        """Whether *token* was used by any connection that reads the Secret."""
        used = [record.state.used_refresh_tokens for record in self._readers(place)]
        return was_used(frozenset[str]().union(*used), token)

    def _is_outdated(self, place: Place, stored: str) -> bool:
        """Whether the unwritten rotation replaces what is *stored*."""
        return stored == self._unwritten[place].used or self._was_used(place, stored)

    def _remember(self, place: Place, user: Record, token: str) -> None:
        """Have *user* and all others that read the Secret remember that *token* is used."""
        others = [one for one in self._readers(place) if one is not user]
        for record in (user, *others):
            record.lifecycle.apply(RefreshTokenUsed(token))

    def _readers(self, place: Place) -> list[Record]:
        namespace, ref = place
        found = map(self.records.get, self.records.reading((namespace, ref.name)))
        return [record for record in found if record is not None]

    async def _read_after_writing(self, place: Place, known: KnownSources) -> Secret:
        """Write a rotated token that is not stored yet; return the Secret with the one to use."""
        secret = await self._read(place)
        if place not in self._unwritten:
            return secret
        await self._write(place, secret, known)
        return await self._read(place)

    async def _read(self, place: Place) -> Secret:
        namespace, ref = place
        secret = await read_secret(self.api, namespace, ref.name)
        if secret is None:
            raise SourceSecretMissingError(f"Secret {ref.name} does not exist.")
        return secret

    async def _write(self, place: Place, secret: Secret, known: KnownSources) -> None:
        """Store a rotated token in its entry, if that still holds a used one."""
        namespace, ref = place
        rotation = self._unwritten[place]
        while self._is_outdated(place, stored_token_in(secret, ref)):
            try:
                meta = await write_entry(self.api, namespace, secret.meta, ref.key, rotation.given)
            except ConflictError:
                self.metrics.write(resource=Written.SECRET, result=WriteResult.CONFLICT)
                secret = await self._read(place)
            except NotFoundError:
                raise SourceSecretMissingError(f"Secret {ref.name} does not exist.") from None
            except ForbiddenError:
                raise SourceForbiddenError(
                    f"The rotated refresh token may not be written to Secret {ref.name}.",
                    remedy="Allow the operator's service account to patch Secrets here.",
                ) from None
            else:
                self.metrics.write(resource=Written.SECRET, result=WriteResult.SUCCESS)
                take_over(known, ref.name, meta.resource_version, rotation)
                break
        else:
            logger.warning("Secret %s holds another refresh token by now.", ref.name)
        del self._unwritten[place]


def take_over(known: KnownSources, name: str, version: str, rotation: Rotation) -> None:
    """Take the write for what it is: the operator's own, and no change of the sources."""
    sources = known.sources
    if sources is None:
        return
    credentials = replace(sources.credentials, stored_token=rotation.given)
    known.accept(Sources(credentials=credentials, versions={**sources.versions, name: version}))


def request_of(
    connection: Connection, credentials: Credentials, refresh_token: str
) -> RefreshTokenRequest:
    """Return the login of *connection* with *refresh_token*."""
    return RefreshTokenRequest(
        login_url=connection.org.login_url,
        consumer_key=credentials.consumer_key,
        refresh_token=refresh_token,
        consumer_secret=credentials.consumer_secret,
        consumer_key_is_public=isinstance(connection.auth.consumer_key, str),
    )


def returned(secret: Secret, ref: EntryRef) -> RefreshTokenReturnedError:
    """Return the failure that names who has written the used refresh token."""
    others = sorted(
        {one.name for one in secret.managers if ref.key in one.entries and one.name != MANAGER}
    )
    writers = f" It was written by {', '.join(others)}." if others else ""
    return RefreshTokenReturnedError(
        f"Secret {ref.name}, entry {ref.key}: holds a refresh token that was already used, and "
        f"was not sent, because Salesforce would end the session.{writers}"
    )
