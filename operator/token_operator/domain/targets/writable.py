"""Which Secrets may be written: no one else's."""

from collections.abc import Iterable

from token_operator.domain.connection import Connection, ConnectionKey, CreationPolicy, Target
from token_operator.domain.failures import (
    TargetConflictError,
    TargetImmutableError,
    TargetNotOwnedError,
)
from token_operator.domain.targets.merge_rules import other_connections
from token_operator.domain.targets.ownership import Ownership, owner_name, ownership_of
from token_operator.domain.targets.secret import Secret

ADOPTED_TYPE = "Opaque"


def refuse_unless_writable(
    secret: Secret, target: Target, connection: Connection, readers: Iterable[ConnectionKey]
) -> None:
    """Raise a FailureError that says why *secret* may not be written; *readers* have it as source.

    Our own may be; one of another owner only as far as the target's policy allows.
    """
    name = secret.meta.name
    ownership = ownership_of(secret.meta, connection)
    is_ours = ownership is Ownership.OURS
    match ownership:
        case Ownership.ANOTHER_CONNECTION:
            raise TargetConflictError(
                f"Secret {name} is a target of connection {owner_name(secret.meta)}."
            )
        case Ownership.SOMEBODY_ELSE:
            _refuse_if_source(name, readers)
            _refuse_foreign(secret, target, connection)
        case Ownership.OURS:  # pragma: no branch - mypy proves the match exhaustive
            pass
    if secret.is_immutable:
        raise TargetImmutableError(
            f"Secret {name} is immutable.",
            remedy=TargetImmutableError.remedy if is_ours else "Name another target.",
        )


def _refuse_if_source(name: str, readers: Iterable[ConnectionKey]) -> None:
    for reader in sorted(readers):
        raise TargetConflictError(f"Secret {name} is a source of connection {reader.name}.")


def _refuse_foreign(secret: Secret, target: Target, connection: Connection) -> None:
    name = secret.meta.name
    match target.creation_policy:
        case CreationPolicy.CREATE:
            raise TargetNotOwnedError(
                f"Secret {name} already exists and is not owned by this connection."
            )
        case CreationPolicy.ADOPT if secret.meta.controller is not None:
            raise TargetNotOwnedError(
                f"Secret {name} is controlled by {secret.meta.controller.kind} "
                f"{secret.meta.controller.name}."
            )
        case CreationPolicy.ADOPT:
            _refuse_unless_adoptable(secret, connection)
        case CreationPolicy.MERGE:  # pragma: no branch - mypy proves the match exhaustive
            return


def _refuse_unless_adoptable(secret: Secret, connection: Connection) -> None:
    name = secret.meta.name
    if secret.type != ADOPTED_TYPE:
        raise TargetConflictError(
            f"Secret {name} is of type {secret.type}, not {ADOPTED_TYPE}.",
            remedy="Use creationPolicy Merge, or name another target.",
        )
    for other in other_connections(secret.managers, connection):
        raise TargetConflictError(f"Connection {other} writes into Secret {name}.")
