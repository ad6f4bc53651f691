"""The grants: each way to ask for a token, with the sources that it needs.

Each has ``name``, ``sources``, ``username`` (empty where the grant names no user),
``stored_token`` (the token that it exchanges; None for most) and ``consumer_secret``. The secret
is what the client credentials grant logs in with; with the others it is optional, and lets the
operator ask Salesforce when the session ends.

A grant stands in four places: here; ``cluster/resources.py`` reads it from the spec;
``salesforce/grants/`` sends it; ``salesforce/minting.py`` chooses between them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from token_operator.domain.sources import EntryRef, KeySource, Value


class GrantName(StrEnum):
    """The name of a grant in status.auth.grant and in the metrics."""

    JWT_BEARER = "JWTBearer"
    CLIENT_CREDENTIALS = "ClientCredentials"
    REFRESH_TOKEN = "RefreshToken"  # noqa: S105 - the name of a grant


@dataclass(frozen=True, slots=True, kw_only=True)
class JWTBearer:
    """A token for an assertion that is signed with one of *keys* (RFC 7523, section 2.1)."""

    name: ClassVar[GrantName] = GrantName.JWT_BEARER
    username: Value
    stored_token: ClassVar[None] = None
    keys: tuple[KeySource, ...]
    consumer_secret: EntryRef | None = None

    @property
    def sources(self) -> tuple[KeySource | Value | None, ...]:
        """What is read, in order."""
        return (*self.keys, self.consumer_secret, self.username)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """A token for the Run As user of the app (RFC 6749, section 4.4)."""

    name: ClassVar[GrantName] = GrantName.CLIENT_CREDENTIALS
    username: ClassVar[Value] = ""
    stored_token: ClassVar[None] = None
    consumer_secret: EntryRef

    @property
    def sources(self) -> tuple[KeySource | Value | None, ...]:
        """What is read, in order."""
        return (self.consumer_secret,)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A token for a refresh token, which the org may rotate (RFC 6749, section 6)."""

    name: ClassVar[GrantName] = GrantName.REFRESH_TOKEN
    username: ClassVar[Value] = ""
    refresh_token: EntryRef
    consumer_secret: EntryRef | None = None

    @property
    def stored_token(self) -> EntryRef:
        """The refresh token, which the org may replace at each login."""
        return self.refresh_token

    @property
    def sources(self) -> tuple[KeySource | Value | None, ...]:
        """What is read, in order."""
        return (self.consumer_secret, self.refresh_token)


Grant = JWTBearer | ClientCredentials | RefreshToken


def keys_of(grant: Grant) -> tuple[KeySource, ...]:
    """Return where the keys of *grant* are; none for a grant without keys."""
    return grant.keys if isinstance(grant, JWTBearer) else ()
