"""Reading the source Secrets of one connection."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from token_operator.clock import Clock
from token_operator.cluster.api import Api, ApiError, ApiUnavailableError, ForbiddenError
from token_operator.cluster.secrets import read_secret
from token_operator.domain.connection import Connection
from token_operator.domain.failures import (
    FailureError,
    SourceForbiddenError,
    SourceKeyMissingError,
    SourceSecretMissingError,
)
from token_operator.domain.grants import RefreshToken, keys_of
from token_operator.domain.restarting import basis_of
from token_operator.domain.sources import EntryRef, Value
from token_operator.domain.targets.secret import Secret
from token_operator.reconcile.record import Record, Sources
from token_operator.reconcile.records import Records
from token_operator.salesforce.keys.loading import KeyMaterial, load
from token_operator.salesforce.keys.signer import Signer

# An unlabelled source is read again at most this much later, and where verification is off.
LOOK_AGAIN: Final = timedelta(minutes=5)
# ... and this often while the connection is failing.
LOOK_AGAIN_WHILE_FAILING: Final = timedelta(seconds=30)
# Values that come from Secrets are short; nobody's consumer key or username is longer.
MAX_VALUE: Final = 4096


@dataclass(slots=True)
class Sourcing:
    """Reads source Secrets when they may have changed."""

    api: Api
    records: Records
    clock: Clock

    def look_is_due(self, record: Record) -> bool:
        """Whether the sources should be read now, whatever the token does."""
        if record.known_sources.is_stale:
            return True
        due = self.next_look(record)
        return due is not None and self.clock.monotonic() >= due

    def next_look(self, record: Record) -> float | None:
        """Return when unlabelled sources want to be read again (monotonic seconds)."""
        if record.connection.suspend or record.refusal is not None:
            return None
        if self._all_are_watched(record) or record.known_sources.read_at is None:
            return None
        return record.known_sources.read_at + self._pause(record).total_seconds()

    def _all_are_watched(self, record: Record) -> bool:
        namespace = record.key.namespace
        names = record.connection.auth.source_names()
        return all((namespace, name) in self.records.watched for name in names)

    def _pause(self, record: Record) -> timedelta:
        state = record.state
        if state.source_failure or state.login_failure or record.refusal:
            return LOOK_AGAIN_WHILE_FAILING
        interval = record.connection.token.verify_interval
        return min(interval, LOOK_AGAIN) if interval else LOOK_AGAIN

    async def look(self, record: Record) -> Sources:
        """Return the sources as they are now; the key is parsed only where its Secret changed.

        Raise a FailureError that names Secret and entry where they cannot be
        used, and ApiUnavailableError where they cannot be read.
        """
        connection, known = record.connection, record.known_sources
        known.begin_reading(self.clock.monotonic())
        try:
            secrets = await self._read(connection)
        except FailureError:
            known.refuse({})
            raise
        except (ApiUnavailableError, ApiError):
            known.mark_stale()  # nothing was seen: the pass that follows looks again
            raise
        versions = {name: secret.meta.resource_version for name, secret in secrets.items()}
        if known.read is not None and known.read.versions == versions:
            return known.read
        try:
            return await self._sources_from(connection, secrets, versions)
        except FailureError:
            known.refuse(versions)
            raise

    async def _read(self, connection: Connection) -> dict[str, Secret]:
        secrets: dict[str, Secret] = {}
        for name in connection.auth.source_names():
            secrets[name] = await self._read_one(connection.key.namespace, name)
        return secrets

    async def _read_one(self, namespace: str, name: str) -> Secret:
        try:
            secret = await read_secret(self.api, namespace, name)
        except ForbiddenError:
            raise SourceForbiddenError(f"Secret {name} may not be read.") from None
        if secret is None:
            raise SourceSecretMissingError(f"Secret {name} does not exist.")
        return secret

    async def _sources_from(
        self, connection: Connection, secrets: Mapping[str, Secret], versions: Mapping[str, str]
    ) -> Sources:
        auth, grant = connection.auth, connection.auth.grant
        keys, unusable = await self._keys(connection, secrets)
        return Sources(
            consumer_key=_read_value(auth.consumer_key, secrets),
            username=_read_value(grant.username, secrets),
            keys=keys,
            unusable=unusable,
            consumer_secret=_read_value(grant.consumer_secret, secrets),
            refresh_token=_read_value(
                grant.refresh_token if isinstance(grant, RefreshToken) else None, secrets
            ),
            versions=versions,
        )

    async def _keys(
        self, connection: Connection, secrets: Mapping[str, Secret]
    ) -> tuple[tuple[Signer, ...], tuple[FailureError, ...]]:
        """Return the keys that can be used and what is wrong with the others.

        Raise the first failure where none can be used.
        """
        keys: list[Signer] = []
        failures: list[FailureError] = []
        for source in keys_of(connection.auth.grant):
            entries = secrets[source.secret_name].entries
            material = KeyMaterial(secret_name=source.secret_name, entries=entries, source=source)
            try:
                keys.append(await load(material))
            except FailureError as failure:
                failures.append(failure)
        if failures and not keys:
            raise failures[0]
        return tuple(keys), tuple(failures)


def _read_value(value: Value | None, secrets: Mapping[str, Secret]) -> str:
    """Return the text of a value; empty where there is none."""
    return line_in(secrets[value.name], value) if isinstance(value, EntryRef) else value or ""


def line_in(secret: Secret, ref: EntryRef) -> str:
    """Return the one line of text in an entry, without its trailing newline.

    Raise SourceKeyMissingError, which shows nothing of the content.
    """
    content = secret.entries.get(ref.key)
    if content is None:
        raise SourceKeyMissingError(f"Secret {ref.name} has no entry {ref.key}.")
    value = _text(content[: MAX_VALUE + 1]).removesuffix("\n").removesuffix("\r")
    if not value or len(value) > MAX_VALUE or not value.isprintable():
        raise SourceKeyMissingError(
            f"Secret {ref.name}, entry {ref.key}: empty, longer than {MAX_VALUE} characters, or "
            "not one line of text.",
            remedy="Store the value as one line of text.",
        )
    return value


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return ""


def current_basis(record: Record) -> str:
    """Return what a login of the connection stands on now."""
    versions = record.known_sources.versions
    if not versions and record.auth is not None:
        versions = dict(record.auth.source_versions)
    connection = record.connection
    return basis_of(connection.generation, tuple(versions.items()), connection.renew_request)
