"""A target whose repairs another writer undoes: when it is repaired, and who the writer is.

The first repairs in a row are made at once. From then on the target is contested: it is repaired
at growing intervals, until it holds for one of them. A new token is no repair and never waits.
"""

from typing import Final

from token_operator.domain.connection import Connection
from token_operator.domain.failures import TargetContestedError
from token_operator.domain.targets.actions import Action, BackOff, Read, Write, is_repair
from token_operator.domain.targets.labels import EXPIRES_AT
from token_operator.domain.targets.merge_rules import is_ours
from token_operator.domain.targets.observation import Absence, TargetObservation
from token_operator.domain.targets.plan import Plan
from token_operator.domain.targets.secret import FieldManager, Secret

# More names would not help a reader.
MAX_NAMES: Final = 3
_UNKNOWN: Final = "the API server does not record by whom"


def may_wait(seen: TargetObservation) -> bool:
    """Whether a target that is postponed holds what it should, or is contested without news."""
    has_news = seen.plan is not None and seen.plan.digest != seen.known.digest
    return seen.known.was_overtaken or not (seen.known.is_contested and has_news)


def within_limits(seen: TargetObservation, action: Action) -> Action:
    """Return *action*, or how a repair is postponed that another writer undoes each time."""
    if not isinstance(action, Write) or not is_repair(action, seen.known.digest):
        return action
    known = seen.known
    if known.is_contested or not known.repairs.must_wait(known.broken_at or seen.now):
        return action
    if seen.secret is Absence.NOT_READ:
        return Read()
    return BackOff(_failure(seen, action.plan), seen.now + known.repairs.delay)


def _failure(seen: TargetObservation, plan: Plan) -> TargetContestedError:
    if isinstance(seen.secret, Absence):
        return TargetContestedError(
            f"Secret {seen.name} is deleted again after each repair; {_UNKNOWN}."
        )
    who = undone_by(seen.secret, plan, seen.connection)
    return TargetContestedError(f"Secret {seen.name} is changed again after each repair{who}.")


def undone_by(secret: Secret, plan: Plan, connection: Connection) -> str:
    """Return who changed what the operator had written, to follow "after each repair".

    The API server records who set a field, but not who removed one.
    """
    others = [one for one in secret.managers if not is_ours(one, connection)]
    authors = _names([one for one in others if _has_field_of(plan, one)])
    if authors:
        return f", by field manager {authors}"
    if _is_written_by_our_name(secret, plan, connection):
        return ", by another instance of this operator"
    present = _names(others)
    suspects = f" (other field managers of the Secret: {present})" if present else ""
    return f"; {_UNKNOWN}{suspects}"


def _names(managers: list[FieldManager]) -> str:
    return ", ".join(sorted({one.name for one in managers if one.name})[:MAX_NAMES])


def _has_field_of(plan: Plan, manager: FieldManager) -> bool:
    desired = plan.desired
    entries = manager.entries & desired.entries.keys()
    labels = manager.labels & desired.labels.keys()
    return bool(entries or labels or manager.annotations & desired.annotations.keys())


def _is_written_by_our_name(secret: Secret, plan: Plan, connection: Connection) -> bool:
    """Whether a field has other content than ours under the name that the operator writes as."""
    ours = [one for one in secret.managers if is_ours(one, connection)]
    entries = {name for name, text in plan.content.items() if secret.entries.get(name) != text}
    wanted = plan.desired.annotations
    notes = {
        name
        for name, text in wanted.items()
        if name != EXPIRES_AT and secret.annotations.get(name) != text
    }
    return any(one.entries & entries or one.annotations & notes for one in ours)
