"""What an operator that ran before has left on a target, and the spec no longer names.

What the spec named then is not known any more. Who wrote a label or an annotation is:
the API server remembers it (``metadata.managedFields``), and hands a field over to
whoever changes it. So what the operator alone has written is nobody else's.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from token_operator.cluster.secrets import Secret
from token_operator.domain.connection import GROUP, Target
from token_operator.domain.merging import FieldManager
from token_operator.domain.ownership import MANAGER
from token_operator.reconcile.planning import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Names of labels and annotations."""

    labels: frozenset[str]
    annotations: frozenset[str]


def marks_of(secret: Secret, asked: Target | None) -> Marks:
    """Return what the spec has put on a target: *asked* tells, or else who wrote it."""
    if asked is not None:
        return Marks(
            labels=frozenset(name for name, _ in asked.labels),
            annotations=frozenset(name for name, _ in asked.annotations),
        )
    ours = [one for one in secret.managers if _is_the_operator(one)]
    theirs = [one for one in secret.managers if not _is_the_operator(one)]
    annotations = _annotations(ours) - _annotations(theirs)
    return Marks(
        labels=_labels(ours) - _labels(theirs),
        annotations=frozenset(one for one in annotations if not one.startswith(f"{GROUP}/")),
    )


def without_leftovers(plan: Plan, secret: Secret) -> Plan:
    """Return *plan* so that it takes off what was written before and is not asked for now."""
    marks, desired = marks_of(secret, None), plan.desired
    dropped = replace(
        desired,
        dropped_labels=tuple(sorted(marks.labels - desired.labels.keys())),
        dropped_annotations=tuple(sorted(marks.annotations - desired.annotations.keys())),
    )
    return replace(plan, desired=dropped)


def _is_the_operator(manager: FieldManager) -> bool:
    return not manager.is_apply and manager.name == MANAGER


def _labels(managers: Iterable[FieldManager]) -> frozenset[str]:
    return frozenset().union(*(one.labels for one in managers))


def _annotations(managers: Iterable[FieldManager]) -> frozenset[str]:
    return frozenset().union(*(one.annotations for one in managers))
