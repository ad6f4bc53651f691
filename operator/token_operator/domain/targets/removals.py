"""What the operator has left on a target, and the spec no longer names.

What the spec named before a restart is not known any more. Who wrote an entry, a label or an
annotation is: the API server remembers it (``metadata.managedFields``), and hands a field over to
whoever changes it. So what the operator alone has written is no one else's.
"""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, replace

from token_operator.domain.kinds import GROUP
from token_operator.domain.targets.content import entry_names_of
from token_operator.domain.targets.known_target import KnownTarget
from token_operator.domain.targets.labels import MANAGER
from token_operator.domain.targets.plan import Plan
from token_operator.domain.targets.secret import FieldManager, Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Names of entries, labels and annotations that the operator wrote to a target."""

    entries: Set[str]
    labels: Set[str]
    annotations: Set[str]


def traces_of(secret: Secret, known: KnownTarget) -> Traces:
    """Return what the operator wrote to a target, as it knows or as the API server recorded it."""
    if known.asked is not None:
        theirs = [one for one in secret.managers if not _is_the_operator(one)]
        labels = {name for name, _ in known.asked.labels}
        annotations = {name for name, _ in known.asked.annotations}
        return Traces(
            entries=frozenset(known.entries),
            labels=labels - _all(one.labels for one in theirs),
            annotations=annotations - _all(one.annotations for one in theirs),
        )
    written = _written(secret, lambda one: one.annotations)
    return Traces(
        entries=_written(secret, lambda one: one.entries) | frozenset(known.entries),
        labels=_written(secret, lambda one: one.labels),
        annotations=frozenset(one for one in written if not one.startswith(f"{GROUP}/")),
    )


def without_leftovers(plan: Plan, secret: Secret, known: KnownTarget) -> Plan:
    """Return *plan* so that it takes off what was written before and is not asked for now.

    Where no token may stay, an entry that the spec names goes with the token in it, whoever is
    remembered as its writer: after a restore from a backup that is not the operator.
    """
    traces, desired = traces_of(secret, known), plan.desired
    entries = traces.entries - desired.entries.keys()
    if not desired.entries:
        ours = secret.entries.keys() & entry_names_of(plan.target)
        entries |= {name for name in ours if plan.token.encode() in secret.entries[name]}
    dropped = replace(
        desired,
        dropped=tuple(sorted(entries)),
        dropped_labels=tuple(sorted(traces.labels - desired.labels.keys())),
        dropped_annotations=tuple(sorted(traces.annotations - desired.annotations.keys())),
    )
    return replace(plan, desired=dropped)


def _written(secret: Secret, names: Callable[[FieldManager], frozenset[str]]) -> frozenset[str]:
    """Return the names that the operator has written, and nobody else since."""
    ours = [one for one in secret.managers if _is_the_operator(one)]
    theirs = [one for one in secret.managers if not _is_the_operator(one)]
    return _all(map(names, ours)) - _all(map(names, theirs))


def _is_the_operator(manager: FieldManager) -> bool:
    return not manager.is_apply and manager.name == MANAGER


def _all(names: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*names)
