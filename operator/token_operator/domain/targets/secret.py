"""A Secret as it was read, and a target Secret as it should be.

Every type that holds content keeps it out of its text form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from token_operator.domain.connection import ConnectionKey
from token_operator.domain.resource_versions import is_later


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The controller of a Secret."""

    kind: str
    group: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretMeta:
    """What the metadata of a Secret show; no content."""

    name: str
    uid: str
    resource_version: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    controller: Owner | None = None
    # All owner references but those of connections, as they stand: they are kept.
    foreign_owners: tuple[Mapping[str, object], ...] = ()
    is_being_deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldManager:
    """Who wrote which fields of a Secret, and whether by server-side apply."""

    name: str
    is_apply: bool
    entries: frozenset[str]
    labels: frozenset[str] = frozenset()
    annotations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A Secret with its content."""

    meta: SecretMeta
    entries: Mapping[str, bytes] = field(repr=False)
    # All of them, where `meta` has ours alone.
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    is_immutable: bool = False
    type: str = "Opaque"
    managers: tuple[FieldManager, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredSecret:
    """A target Secret as it should be; *dropped* names entries of ours that must go."""

    key: ConnectionKey
    entries: Mapping[str, str] = field(repr=False)
    dropped: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    # Labels and annotations of ours that the spec no longer names.
    dropped_labels: tuple[str, ...] = ()
    dropped_annotations: tuple[str, ...] = ()
    # The owner references to set beside foreign ones; None leaves all as they are.
    owners: tuple[Mapping[str, object], ...] | None = None


def is_newer(seen: SecretMeta, known: SecretMeta) -> bool:
    """Whether *seen* is a later version than *known*, or another Secret of that name."""
    return seen.uid != known.uid or is_later(seen.resource_version, known.resource_version)
