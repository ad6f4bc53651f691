"""Whose the entries of a Secret are that several write: the law of Merge.

The API server remembers who wrote which field (`metadata.managedFields`). Every
connection writes under a name of its own: under a shared one, what one of them
applies would prune what another did (docs/decisions/0009).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from token_operator.domain.connection import Connection
from token_operator.domain.failures import TargetConflictError
from token_operator.domain.targets.labels import MANAGER
from token_operator.domain.targets.ownership import Ownership, ownership_of
from token_operator.domain.targets.secret import FieldManager, Secret

_PREFIX: Final = f"{MANAGER}-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merging:
    """What is to be merged into a Secret, and what is there."""

    secret_name: str
    wanted: Mapping[str, bytes]
    present: Mapping[str, bytes]
    managers: tuple[FieldManager, ...]


def manager_name(connection: Connection) -> str:
    """Return the name under which *connection* applies."""
    return f"{_PREFIX}{connection.key.name}"


def applied_by(managers: Iterable[FieldManager], connection: Connection) -> frozenset[str]:
    """Return the entries that *connection* has applied."""
    name = manager_name(connection)
    return frozenset().union(
        *(one.entries for one in managers if one.is_apply and one.name == name)
    )


def written_as_target(managers: Iterable[FieldManager]) -> frozenset[str]:
    """Return the entries that the operator wrote otherwise, when the Secret was a target whole."""
    return frozenset().union(
        *(one.entries for one in managers if not one.is_apply and one.name == MANAGER)
    )


def other_connections(
    managers: Iterable[FieldManager], connection: Connection
) -> Mapping[str, frozenset[str]]:
    """Return which other connections merge into the Secret, and their entries."""
    ours = manager_name(connection)
    return {
        one.name.removeprefix(_PREFIX): one.entries
        for one in managers
        if one.is_apply and one.name.startswith(_PREFIX) and one.name != ours and one.entries
    }


def merging_of(secret: Secret, wanted: Mapping[str, bytes]) -> Merging:
    """Return what is to be merged into *secret*."""
    return Merging(
        secret_name=secret.meta.name,
        wanted=wanted,
        present=secret.entries,
        managers=secret.managers,
    )


def is_merged(secret: Secret, wanted: Mapping[str, bytes], connection: Connection) -> bool:
    """Whether a Secret holds our entries as they should be, and nothing else of ours."""
    if ownership_of(secret.meta, connection) is Ownership.OURS:
        return False
    if applied_by(secret.managers, connection) != wanted.keys():
        return False
    return all(secret.entries.get(name) == content for name, content in wanted.items())


def refuse_if_contested(merging: Merging, connection: Connection) -> None:
    """Raise TargetConflictError for an entry that somebody else has."""
    name = merging.secret_name
    for other, entries in other_connections(merging.managers, connection).items():
        shared = sorted(entries & merging.wanted.keys())
        if shared:
            raise TargetConflictError(
                f"Entry {shared[0]} of Secret {name} is written by connection {other}.",
                remedy="Give one of them another entry or another target.",
            )
    for entry in sorted(merging.wanted):
        _refuse_if_foreign(entry, merging, connection)


def _refuse_if_foreign(entry: str, merging: Merging, connection: Connection) -> None:
    is_same = merging.present.get(entry, merging.wanted[entry]) == merging.wanted[entry]
    managers = merging.managers
    owners = [one.name for one in managers if entry in one.entries and not is_ours(one, connection)]
    ours = applied_by(managers, connection) | written_as_target(managers)
    if is_same or (not owners and entry in ours):
        return
    who = f"is written by {owners[0]}" if owners else "was there before"
    raise TargetConflictError(
        f"Entry {entry} of Secret {merging.secret_name} {who}.",
        remedy="Remove the entry from the Secret, or write to another one.",
    )


def is_ours(manager: FieldManager, connection: Connection) -> bool:
    """Whether *manager* is the operator, for this connection."""
    if manager.is_apply:
        return manager.name == manager_name(connection)
    return manager.name == MANAGER
