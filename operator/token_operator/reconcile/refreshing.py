"""Logging in with a refresh token, which the org may rotate.

Where the app rotates refresh tokens, an answer makes the stored one useless,
and using it again ends the new one too. So the entry is read right before it
is sent, by one login at a time for one app, and the rotated token is written
back before anything else happens. What could not be written is kept in memory
and written first the next time. If the process dies between answer and write,
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
    SourceForbiddenError,
    SourceSecretMissingError,
)
from token_operator.domain.sources import EntryRef
from token_operator.domain.targets.secret import Secret
from token_operator.domain.token import AccessToken
from token_operator.reconcile.credentials import line_in
from token_operator.reconcile.record import KnownSources, Sources
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


@dataclass(slots=True)
class Refreshing:
    """Mints with refresh tokens and stores the rotated ones."""

    api: Api
    transport: Transport
    hosts: AllowedHosts
    clock: Clock
    metrics: Metrics
    _unwritten: dict[Place, Rotation] = field(default_factory=dict)

    async def mint(
        self, connection: Connection, ref: EntryRef, credentials: Credentials, known: KnownSources
    ) -> AccessToken:
        """Return a token; a rotated refresh token is stored by then, and known in *known*.

        Raise a FailureError, or ApiUnavailableError where the rotated token
        could not be stored yet.
        """
        place = (connection.key.namespace, ref)
        secret = await self._stored(place, known)
        used = line_in(secret, ref)
        request = RefreshTokenRequest(
            login_url=connection.org.login_url,
            consumer_key=credentials.consumer_key,
            refresh_token=used,
            consumer_secret=credentials.consumer_secret,
            consumer_key_is_public=isinstance(connection.auth.consumer_key, str),
        )
        refreshed = await mint_with_refresh_token(
            self.transport, request, now=self.clock.now(), hosts=self.hosts
        )
        if refreshed.rotated_refresh_token:
            self._unwritten[place] = Rotation(used, refreshed.rotated_refresh_token)
            await self._write(place, secret, known)
        if isinstance(refreshed.token, FailureError):
            raise refreshed.token
        return refreshed.token

    async def _stored(self, place: Place, known: KnownSources) -> Secret:
        """Return the Secret with the refresh token to use, an unwritten rotation stored first."""
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
        """Store a rotated token in its entry, if that still holds the one it replaces."""
        namespace, ref = place
        rotation = self._unwritten[place]
        while line_in(secret, ref) == rotation.used:
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
    sources = known.read
    if sources is None:
        return
    credentials = replace(sources.credentials, stored_token=rotation.given)
    known.accept(Sources(credentials=credentials, versions={**sources.versions, name: version}))
