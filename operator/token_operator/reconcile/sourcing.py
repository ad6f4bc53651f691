"""Reading the source Secrets of one connection."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from token_operator.clock import Clock
from token_operator.cluster.api import Api, ApiError, ApiUnavailableError, ForbiddenError
from token_operator.cluster.secrets import read_secret
from token_operator.domain.connection import Auth
from token_operator.domain.failing import Circumstances
from token_operator.domain.failures import (
    FailureError,
    SourceForbiddenError,
    SourceSecretMissingError,
)
from token_operator.domain.outcomes import BasisSeen, SourcesRead, SourcesRefused
from token_operator.domain.state_from_status import basis_of
from token_operator.domain.targets.secret import Secret
from token_operator.reconcile.credentials import Secrets, keys_in, read_secrets, values_in
from token_operator.reconcile.record import Record, Sources
from token_operator.reconcile.records import Records

# An unlabelled source is read again at most this much later, and where verification is off.
LOOK_AGAIN: Final = timedelta(minutes=5)
# ... and this often while the connection is failing.
LOOK_AGAIN_WHILE_FAILING: Final = timedelta(seconds=30)


@dataclass(slots=True)
class Sourcing:
    """Reads source Secrets when they may have changed."""

    api: Api
    records: Records
    clock: Clock

    def reading_is_due(self, record: Record) -> bool:
        """Whether the sources should be read now, whatever the token does."""
        if record.known_sources.is_stale:
            return True
        due = self.next_reading(record)
        return due is not None and self.clock.monotonic() >= due

    def next_reading(self, record: Record) -> float | None:
        """Return when unlabelled sources want to be read again (monotonic seconds)."""
        if record.connection.suspend or record.spec_problem is not None:
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
        if state.source_failure or state.login_failure or record.spec_problem:
            return LOOK_AGAIN_WHILE_FAILING
        interval = record.connection.token.verify_interval
        return min(interval, LOOK_AGAIN) if interval else LOOK_AGAIN

    async def read_and_record(self, record: Record) -> None:
        """Read the sources and record what they hold, or why they cannot be used."""
        generation, known = record.connection.generation, record.known_sources
        try:
            sources = await self.read_and_mark(record)
        except FailureError as failure:
            record_basis(record, self.clock.now())
            at = Circumstances(settings=record.connection.token, now=self.clock.now(), chance=0.0)
            record.lifecycle.apply(SourcesRefused(failure, at))
            return
        if record.connection.generation != generation:
            known.mark_stale()  # they are those of a spec that has changed since
            return
        if sources is not known.sources:
            for problem in sources.credentials.problems:
                record.outbox.announce(problem.reason, problem.sentence(), is_warning=True)
        known.accept(sources)
        versions = tuple(sorted(sources.versions.items()))
        record.lifecycle.apply(SourcesRead(record.connection.auth.grant.name, versions))
        record_basis(record, self.clock.now())

    async def read_and_mark(self, record: Record) -> Sources:
        """Return the sources as they are now; the key is parsed only where its Secret changed.

        Raise a FailureError that names Secret and entry where they cannot be
        used, and ApiUnavailableError where they cannot be read.
        """
        connection, known = record.connection, record.known_sources
        known.begin_reading(self.clock.monotonic())
        read_one = partial(self._read_secret, connection.key.namespace)
        try:
            secrets = await read_secrets(connection.auth, read_one)
        except FailureError:
            known.record_refusal({})
            raise
        except (ApiUnavailableError, ApiError):
            known.mark_stale()  # nothing was seen: the pass that follows looks again
            raise
        versions = {name: secret.meta.resource_version for name, secret in secrets.items()}
        if known.sources is not None and known.sources.versions == versions:
            return known.sources
        try:
            return await _sources_from(connection.auth, secrets, versions)
        except FailureError:
            known.record_refusal(versions)
            raise

    async def _read_secret(self, namespace: str, name: str) -> Secret:
        try:
            secret = await read_secret(self.api, namespace, name)
        except ForbiddenError:
            raise SourceForbiddenError(f"Secret {name} may not be read.") from None
        if secret is None:
            raise SourceSecretMissingError(f"Secret {name} does not exist.")
        return secret


async def _sources_from(auth: Auth, secrets: Secrets, versions: Mapping[str, str]) -> Sources:
    keys, unusable = await keys_in(auth, secrets)
    values = values_in(auth, secrets)
    return Sources(credentials=replace(values, keys=keys, unusable=unusable), versions=versions)


def current_basis(record: Record) -> str:
    """Return what a login of the connection stands on now."""
    versions = record.known_sources.versions
    if not versions and record.auth is not None:
        versions = dict(record.auth.source_versions)
    connection = record.connection
    return basis_of(connection.generation, tuple(versions.items()), connection.renew_request)


def record_basis(record: Record, now: datetime) -> None:
    """Record what a login of the connection rests on now."""
    record.lifecycle.apply(BasisSeen(current_basis(record), now))
