"""Writing entries into a Secret of somebody else: server-side apply, never by force."""

from token_operator.cluster.api import Api
from token_operator.cluster.applying import Applied, apply_entries
from token_operator.cluster.secrets import strip_secret
from token_operator.domain.connection import Connection
from token_operator.domain.targets.desired import Plan
from token_operator.domain.targets.merge_rules import (
    Merging,
    applied_by,
    manager_name,
    refuse_if_contested,
    written_as_target,
)
from token_operator.domain.targets.ownership import Ownership, ownership_of
from token_operator.domain.targets.secret import Secret, SecretMeta


def is_merged(secret: Secret, plan: Plan, connection: Connection) -> bool:
    """Whether a Secret holds our entries as they should be, and nothing else of ours."""
    wanted = _wanted(plan)
    if ownership_of(secret.meta, connection) is Ownership.OURS:
        return False
    if applied_by(secret.managers, connection) != wanted.keys():
        return False
    return all(secret.entries.get(name) == content for name, content in wanted.items())


async def merge_into(api: Api, secret: Secret, plan: Plan, connection: Connection) -> SecretMeta:
    """Write our entries into *secret*.

    Raise TargetConflictError for an entry of somebody else, and ConflictError where
    the Secret has changed since it was read.
    """
    merging = Merging(
        secret_name=secret.meta.name,
        wanted=_wanted(plan),
        present=secret.entries,
        managers=secret.managers,
    )
    refuse_if_contested(merging, connection)
    # All that is taken over is what we wrote ourselves, when it was a target whole.
    applied = Applied(
        manager=manager_name(connection),
        entries=plan.desired.entries,
        takes_over=bool(written_as_target(secret.managers) & merging.wanted.keys()),
    )
    meta = await _handed_back(api, secret, plan, connection)
    return await apply_entries(api, plan.desired.key, meta, applied)


async def _handed_back(api: Api, secret: Secret, plan: Plan, connection: Connection) -> SecretMeta:
    """Return the Secret's metadata after all signs of ours are off, where it had any."""
    if ownership_of(secret.meta, connection) is not Ownership.OURS:
        return secret.meta
    return await strip_secret(
        api,
        plan.desired.key.namespace,
        secret.meta,
        entries=plan.desired.dropped,
        labels=plan.desired.dropped_labels,
        annotations=(*plan.desired.dropped_annotations, *sorted(secret.meta.annotations)),
    )


def _wanted(plan: Plan) -> dict[str, bytes]:
    return {name: text.encode() for name, text in plan.desired.entries.items()}
