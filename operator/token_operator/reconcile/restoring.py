"""Finding the token again after a restart: in the targets, without a login."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from token_operator.clock import Clock
from token_operator.cluster.api import Api, ForbiddenError
from token_operator.cluster.durations import instant
from token_operator.cluster.secrets import read_secret
from token_operator.domain.connection import Connection, CreationPolicy, Target
from token_operator.domain.failures import FailureError
from token_operator.domain.instants import rfc3339
from token_operator.domain.jwt_claims import claimed_expiry
from token_operator.domain.org_identity import OrgIdentity
from token_operator.domain.outcomes import TokenRestored
from token_operator.domain.state import LONG_AGO
from token_operator.domain.state_from_status import FoundToken, held_from
from token_operator.domain.status import Status, TokenStatus
from token_operator.domain.targets.labels import EXPIRES_AT, FINGERPRINT, IDENTITY, ISSUED_AT
from token_operator.domain.targets.ownership import Ownership, ownership_of
from token_operator.domain.targets.secret import Secret
from token_operator.domain.timeline import Timeline
from token_operator.domain.token import AccessToken, ExpirySource, fingerprint_of
from token_operator.reconcile.record import Record
from token_operator.reconcile.records import Records
from token_operator.salesforce.hosts import AllowedHosts

# What a token looks like inside a larger text: opaque (00D...!...) or JWT-format.
_TOKEN_SHAPED: Final = re.compile(
    r"00D[A-Za-z0-9]{12}![A-Za-z0-9._]{8,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"
)


@dataclass(slots=True)
class Restoring:
    """Looks for the token of a connection in its own targets."""

    api: Api
    records: Records
    hosts: AllowedHosts
    clock: Clock

    async def restore(self, record: Record) -> None:
        """Take up the newest token that a target of the connection holds, if there is one."""
        found: list[FoundToken] = []
        for target in self._candidates(record):
            secret = await self._read(record, target.secret_name)
            if secret is None or not _may_hold_ours(secret, target, record.connection):
                continue
            record.targets.take_up(secret)
            token = self._token_in(secret, target, record.status)
            if token is not None:
                found.append(token)
        newest = max(found, key=lambda one: one.issued_at, default=None)
        held = None
        if newest is not None:
            held = held_from(newest, record.status, record.connection)
        record.lifecycle.apply(TokenRestored(held))

    def _candidates(self, record: Record) -> tuple[Target, ...]:
        """Return the targets that may exist: those that are watched or were written."""
        namespace = record.key.namespace
        return tuple(
            target
            for target in record.connection.targets
            if (namespace, target.secret_name) in self.records.watched
            or record.targets.of(target.secret_name).written_at is not None
        )

    async def _read(self, record: Record, name: str) -> Secret | None:
        try:
            return await read_secret(self.api, record.key.namespace, name)
        except ForbiddenError:
            return None

    def _token_in(self, secret: Secret, target: Target, status: Status) -> FoundToken | None:
        timeline = self.clock.timeline
        notes = notes_of(secret, target, status.token, timeline=timeline)
        issued_at, expires_at = instant(notes.get(ISSUED_AT)), instant(notes.get(EXPIRES_AT))
        fingerprint = notes.get(FINGERPRINT, "")
        value = next((text for text in texts(secret) if fingerprint_of(text) == fingerprint), None)
        identity = restored_identity(secret, notes, status)
        if value is None or not self._is_allowed(identity.instance_url):
            return None
        return FoundToken(
            token=restored_token(value, identity, status.token, timeline=timeline),
            identity_hash=notes.get(IDENTITY, ""),
            issued_at=LONG_AGO if issued_at is None else timeline.read(issued_at),
            shown_expiry=None if expires_at is None else timeline.read(expires_at),
        )

    def _is_allowed(self, instance_url: str) -> bool:
        """Whether the token may be sent to this URL: a Secret can be edited by others."""
        try:
            self.hosts.check_instance_url(instance_url)
        except FailureError:
            return False
        return True


def _may_hold_ours(secret: Secret, target: Target, connection: Connection) -> bool:
    is_ours = ownership_of(secret.meta, connection) is Ownership.OURS
    return is_ours or target.creation_policy is CreationPolicy.MERGE


def notes_of(
    secret: Secret, target: Target, shown: TokenStatus | None, *, timeline: Timeline
) -> Mapping[str, str]:
    """Return what is noted of the token: on the Secret, or in the status where it is merged."""
    if target.creation_policy is not CreationPolicy.MERGE or shown is None:
        return secret.meta.annotations
    return {
        FINGERPRINT: shown.fingerprint,
        IDENTITY: shown.identity_hash,
        ISSUED_AT: rfc3339(timeline.shown(shown.issued_at)),
        EXPIRES_AT: rfc3339(timeline.shown(shown.expires_at)),
    }


def texts(secret: Secret) -> Iterator[str]:
    """Yield every token-shaped text in the entries of a Secret."""
    for content in secret.entries.values():
        yield from _TOKEN_SHAPED.findall(content.decode("utf-8", errors="replace"))


def restored_identity(secret: Secret, notes: Mapping[str, str], status: Status) -> OrgIdentity:
    """Return what is known of org and user: the status, or the entries of the Default preset.

    A status that was not written any more after the Secret still names the same org and user,
    where the token has the same identity hash.
    """
    identity, shown = status.identity, status.token
    if identity is not None and shown is not None:
        is_same = notes.get(FINGERPRINT) == shown.fingerprint
        if is_same or notes.get(IDENTITY) == shown.identity_hash:
            return identity
    entries = {name: content.decode("utf-8", "replace") for name, content in secret.entries.items()}
    return OrgIdentity(
        instance_url=entries.get("instance_url", ""),
        org_id=entries.get("org_id", ""),
        user_id=entries.get("user_id", ""),
        username=entries.get("username", ""),
        token_type=entries.get("token_type") or "Bearer",
    )


def restored_token(
    value: str, identity: OrgIdentity, shown: TokenStatus | None, *, timeline: Timeline
) -> AccessToken:
    """Return the token with what is known of it."""
    expiry = claimed_expiry(value)
    return AccessToken(
        value=value,
        identity=identity,
        scopes=shown.scopes if shown is not None else (),
        fixed_expiry=None if expiry is None else timeline.read(expiry),
        expiry_source=ExpirySource.CONFIGURED if expiry is None else ExpirySource.TOKEN_CLAIM,
    )
