"""Whose a Secret is: the law that keeps other people's Secrets untouched."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from token_operator.domain.connection import GROUP, KIND, Connection

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
MANAGER: Final = "salesforce-token-operator"
CONNECTION_LABEL: Final = f"{GROUP}/connection"
WATCH_LABEL: Final = f"{GROUP}/watch"
EXPIRES_AT: Final = f"{GROUP}/expires-at"
ISSUED_AT: Final = f"{GROUP}/issued-at"
FINGERPRINT: Final = f"{GROUP}/fingerprint"
IDENTITY: Final = f"{GROUP}/identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The controller of a Secret."""

    kind: str
    group: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretMeta:
    """What a Secret's metadata tell; no content."""

    name: str
    uid: str
    resource_version: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    controller: Owner | None = None
    # All owner references but those of connections, as they stand: they are kept.
    foreign_owners: tuple[Mapping[str, object], ...] = ()
    is_being_deleted: bool = False


class Ownership(StrEnum):
    """Whose a Secret is, from the view of one connection."""

    OURS = "ours"
    ANOTHER_CONNECTION = "another connection's"
    SOMEBODY_ELSE = "somebody else's"


def ownership_of(secret: SecretMeta, connection: Connection) -> Ownership:
    """Return whose *secret* is.

    Ours is what our UID controls; what a former connection of our name
    controlled; and what nobody controls and carries our labels (so that Retain
    and a restore from a backup work).
    """
    owner = secret.controller
    if owner is None:
        return _ownership_by_label(secret, connection)
    if owner.uid == connection.uid:
        return Ownership.OURS
    if owner.kind != KIND or owner.group != GROUP:
        return Ownership.SOMEBODY_ELSE
    is_stale = owner.name == connection.key.name
    return Ownership.OURS if is_stale else Ownership.ANOTHER_CONNECTION


def _ownership_by_label(secret: SecretMeta, connection: Connection) -> Ownership:
    labelled_for = secret.labels.get(CONNECTION_LABEL, "")
    if secret.labels.get(MANAGED_BY) != MANAGER or not labelled_for:
        return Ownership.SOMEBODY_ELSE
    is_ours = labelled_for == connection.key.name
    return Ownership.OURS if is_ours else Ownership.ANOTHER_CONNECTION


def owner_name(secret: SecretMeta) -> str:
    """Return the name of the connection that has *secret*."""
    if secret.controller is not None:
        return secret.controller.name
    return secret.labels.get(CONNECTION_LABEL, "")
