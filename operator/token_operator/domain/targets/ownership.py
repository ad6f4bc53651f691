"""Whose a Secret is: the law that keeps other people's Secrets untouched."""

from enum import StrEnum

from token_operator.domain.connection import Connection
from token_operator.domain.kinds import GROUP, SALESFORCE_CONNECTION
from token_operator.domain.targets.labels import CONNECTION_LABEL, MANAGED_BY, MANAGER
from token_operator.domain.targets.secret import SecretMeta


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
    if owner.kind != SALESFORCE_CONNECTION.name or owner.group != GROUP:
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
