"""Letting go of targets: those that the spec no longer names, and those of a connection that left.

What is ours goes, what is of others stays.
"""

import logging
from dataclasses import dataclass

from token_operator.cluster.api import (
    Api,
    ApiError,
    ApiUnavailableError,
    ConflictError,
    NotFoundError,
)
from token_operator.cluster.applying import Applied, apply_entries
from token_operator.cluster.secrets import delete_secret, read_secret, strip_secret
from token_operator.domain.connection import (
    ConnectionKey,
    CreationPolicy,
    DeletionPolicy,
    Target,
)
from token_operator.domain.targets.merge_rules import applied_by, manager_name
from token_operator.domain.targets.ownership import Ownership, ownership_of
from token_operator.domain.targets.removals import traces_of
from token_operator.domain.targets.secret import Secret
from token_operator.reconcile.record import Record

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Pruning:
    """Lets go of targets."""

    api: Api

    async def prune(self, record: Record, name: str) -> None:
        """Let go of a target that the spec no longer names; somebody else's is left alone."""
        secret = await read_secret(self.api, record.key.namespace, name)
        try:
            if secret is not None and _is_ours(secret, record):
                await self._let_go(record, secret)
            elif secret is not None and record.target(name).merged is DeletionPolicy.DELETE:
                await self._take_out(record, secret)
        except (ConflictError, NotFoundError):
            return  # it has changed since; the next turn looks again
        del record.targets[name]

    async def _let_go(self, record: Record, secret: Secret) -> None:
        name, namespace = secret.meta.name, record.key.namespace
        if secret.meta.controller is None:
            await strip_secret(self.api, namespace, secret.meta)
            record.outbox.announce(
                "TargetPruned", f"Secret {name} is no longer a target and is kept."
            )
            return
        traces = traces_of(secret, record.target(name))
        if secret.meta.foreign_owners or secret.entries.keys() - traces.entries:
            await strip_secret(
                self.api,
                namespace,
                secret.meta,
                entries=tuple(sorted(traces.entries)),
                labels=tuple(sorted(traces.labels)),
                annotations=(*secret.meta.annotations, *sorted(traces.annotations)),
            )
            told = "its other entries are kept"
        else:
            await delete_secret(self.api, namespace, secret.meta)
            told = "was deleted"
        record.outbox.announce("TargetPruned", f"Secret {name} is no longer a target and {told}.")

    async def _take_out(self, record: Record, secret: Secret) -> None:
        if not applied_by(secret.managers, record.connection):
            return
        key = ConnectionKey(record.key.namespace, secret.meta.name)
        nothing = Applied(manager=manager_name(record.connection), entries={})
        await apply_entries(self.api, key, secret.meta, nothing)
        message = f"Secret {secret.meta.name} is no longer a target; our entries are removed."
        record.outbox.announce("TargetPruned", message)

    async def leave(self, record: Record) -> None:
        """Take the entries of a connection that is gone out of what it merged into, if possible."""
        for target in filter(is_taken_out, record.connection.targets):
            try:
                await self._leave(record, target)
            except (ApiError, ApiUnavailableError) as error:
                name = target.secret_name
                logger.warning("The entries of a former target, %s, stay: %s", name, error)

    async def _leave(self, record: Record, target: Target) -> None:
        secret = await read_secret(self.api, record.key.namespace, target.secret_name)
        if secret is not None:
            await self._take_out(record, secret)


def is_taken_out(target: Target) -> bool:
    """Whether our entries are removed from the Secret when it is no longer a target."""
    return merged_policy(target) is DeletionPolicy.DELETE


def merged_policy(target: Target) -> DeletionPolicy | None:
    """Return what becomes of the entries that are merged; None where the target is ours whole."""
    is_merged = target.creation_policy is CreationPolicy.MERGE
    return target.deletion_policy if is_merged else None


def _is_ours(secret: Secret, record: Record) -> bool:
    return ownership_of(secret.meta, record.connection) is Ownership.OURS
