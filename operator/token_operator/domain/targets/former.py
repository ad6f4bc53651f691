"""What to do about a Secret that was a target, and that the spec no longer contains.

What is ours goes, what belongs to others stays.
"""

from collections.abc import Callable
from typing import Final

from token_operator.domain.connection import Connection, DeletionPolicy
from token_operator.domain.targets.actions import Action, Delete, Forget, Read, Strip, TakeOut
from token_operator.domain.targets.merge_rules import applied_by
from token_operator.domain.targets.observation import Absence, TargetObservation
from token_operator.domain.targets.ownership import Ownership, ownership_of
from token_operator.domain.targets.removals import traces_of
from token_operator.domain.targets.secret import Secret

Check = Callable[[TargetObservation, Secret], Action | None]


def former_target_was_merged_into(seen: TargetObservation, secret: Secret) -> Action | None:
    """Take our entries out of another owner's Secret, where the deletion policy was Delete."""
    if _is_ours(secret, seen) or seen.known.merged_deletion_policy is not DeletionPolicy.DELETE:
        return None
    return entries_to_take_out(secret, seen.connection)


def former_target_is_not_ours(seen: TargetObservation, secret: Secret) -> Action | None:
    """Forget a Secret that is not ours; nothing is written to it."""
    return None if _is_ours(secret, seen) else Forget()


def former_target_is_retained(_: TargetObservation, secret: Secret) -> Action | None:
    """Take our labels off a Secret that Retain keeps."""
    return Strip(secret.meta, traces=None) if secret.meta.controller is None else None


def former_target_has_other_content(seen: TargetObservation, secret: Secret) -> Action | None:
    """Take off what is ours where the Secret has other owners or other entries."""
    traces = traces_of(secret, seen.known)
    is_shared = secret.meta.foreign_owners or secret.entries.keys() - traces.entries
    return Strip(secret.meta, traces) if is_shared else None


def former_target_is_ours_alone(_: TargetObservation, secret: Secret) -> Action | None:
    """Delete a Secret in which all is ours."""
    return Delete(secret.meta)


FORMER_CHECKS: Final[tuple[Check, ...]] = (
    former_target_was_merged_into,
    former_target_is_not_ours,
    former_target_is_retained,
    former_target_has_other_content,
    former_target_is_ours_alone,
)


def decide_former(seen: TargetObservation) -> Action:
    """Return what to do next about a former target; its content is always read first."""
    match seen.secret:
        case Absence.NOT_READ:
            return Read()
        case Absence.NOT_FOUND:
            return Forget()
        case Secret() as secret:  # pragma: no branch - mypy proves the match exhaustive
            actions = (check(seen, secret) for check in FORMER_CHECKS)
            return next(action for action in actions if action is not None)


def entries_to_take_out(secret: Secret | Absence, connection: Connection) -> TakeOut | None:
    """Return how the entries that *connection* applied are removed; None where there are none."""
    if isinstance(secret, Absence) or not applied_by(secret.managers, connection):
        return None
    return TakeOut(secret.meta)


def _is_ours(secret: Secret, seen: TargetObservation) -> bool:
    return ownership_of(secret.meta, seen.connection) is Ownership.OURS
