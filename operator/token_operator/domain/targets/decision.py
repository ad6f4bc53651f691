"""What to do next about one target.

Decisions are made here and carried out in ``reconcile/target_writes``. Nothing in this module
reads the clock or the cluster. Where the content of the Secret has to be known, the decision is
to read it; the same target is then judged again with what was read.
"""

from collections.abc import Callable, Iterator
from typing import Final

from token_operator.domain.failures import FailureError, TargetMissingError
from token_operator.domain.targets.actions import (
    Action,
    Apply,
    Confirm,
    Create,
    EndRefusal,
    HandBack,
    Keep,
    Patch,
    Read,
    RefuseTarget,
)
from token_operator.domain.targets.contest import may_wait, within_limits
from token_operator.domain.targets.desired import is_as_desired
from token_operator.domain.targets.former import decide_former
from token_operator.domain.targets.merge_rules import (
    is_merged,
    merging_of,
    refuse_if_contested,
    written_as_target,
)
from token_operator.domain.targets.observation import Absence, TargetObservation
from token_operator.domain.targets.ownership import Ownership, ownership_of
from token_operator.domain.targets.plan import Plan
from token_operator.domain.targets.removals import without_leftovers
from token_operator.domain.targets.secret import Secret
from token_operator.domain.targets.writable import refuse_unless_writable

FirstCheck = Callable[[TargetObservation, Plan], Action | None]
Check = Callable[[TargetObservation, Plan, Secret], Action | None]


# --- A target in the spec, by what is known without reading it ---


def nothing_has_changed(seen: TargetObservation, plan: Plan) -> Action | None:
    """Keep what holds what it should, as far as is known; no refusal is left either."""
    known = seen.known
    if known.must_be_read(seen.now) or known.digest != plan.digest:
        return None
    was_refused = known.failure is not None or known.look_again_at is not None
    return EndRefusal() if was_refused else Keep()


def writers_must_be_known(_: TargetObservation, plan: Plan) -> Action | None:
    """Read a Secret that several write, and one from which labels or annotations are dropped."""
    desired = plan.desired
    is_needed = plan.is_merge or desired.dropped_labels or desired.dropped_annotations
    return Read() if is_needed else None


def known_version_can_be_patched(seen: TargetObservation, plan: Plan) -> Action | None:
    """Patch the version that is known, without reading it."""
    known = seen.known
    if known.meta is None or known.must_be_read(seen.now):
        return None
    return Patch(plan, known.meta)


def secret_probably_exists(seen: TargetObservation, plan: Plan) -> Action | None:
    """Read a Secret that a watch or a restart has shown, or from which only content is to go."""
    is_there = seen.is_watched or seen.known.found is not None
    return Read() if is_there or not plan.desired.entries else None


def secret_is_probably_new(seen: TargetObservation, plan: Plan) -> Action | None:
    """Create what nothing has shown yet: one request."""
    return Create(plan, is_repair=seen.known.written_at is not None)


UNREAD_CHECKS: Final[tuple[FirstCheck, ...]] = (
    nothing_has_changed,
    writers_must_be_known,
    known_version_can_be_patched,
    secret_probably_exists,
    secret_is_probably_new,
)


# --- A target in the spec that does not exist ---


def nothing_is_missing(_: TargetObservation, plan: Plan) -> Action | None:
    """Confirm that what should hold nothing does not exist."""
    return None if plan.desired.entries else Confirm(plan, None)


def merge_needs_a_secret(seen: TargetObservation, plan: Plan) -> Action | None:
    """Refuse to merge into a Secret that does not exist."""
    if not plan.is_merge:
        return None
    return RefuseTarget(TargetMissingError(f"Secret {seen.name} does not exist."))


def secret_is_missing(seen: TargetObservation, plan: Plan) -> Action | None:
    """Create what does not exist."""
    return Create(plan, is_repair=seen.known.written_at is not None)


ABSENT_CHECKS: Final[tuple[FirstCheck, ...]] = (
    nothing_is_missing,
    merge_needs_a_secret,
    secret_is_missing,
)


# --- A target in the spec whose content was read ---


def secret_may_not_be_written(seen: TargetObservation, plan: Plan, secret: Secret) -> Action | None:
    """Refuse a Secret of another owner, an immutable one, and one that is a source."""
    try:
        refuse_unless_writable(secret, plan.target, seen.connection, seen.readers)
    except FailureError as failure:
        return RefuseTarget(failure)
    return None


def secret_is_as_desired(seen: TargetObservation, plan: Plan, secret: Secret) -> Action | None:
    """Confirm a Secret that already holds what it should."""
    is_good = (
        is_merged(secret, plan.content, seen.connection)
        if plan.is_merge
        else is_as_desired(secret, plan)
    )
    return Confirm(plan, secret.meta) if is_good else None


def entry_is_contested(seen: TargetObservation, plan: Plan, secret: Secret) -> Action | None:
    """Refuse to merge an entry that another writer has."""
    if not plan.is_merge:
        return None
    try:
        refuse_if_contested(merging_of(secret, plan.content), seen.connection)
    except FailureError as failure:
        return RefuseTarget(failure)
    return None


def entries_are_merged(seen: TargetObservation, plan: Plan, secret: Secret) -> Action | None:
    """Apply our entries; a Secret that was ours as a whole is handed back first."""
    if not plan.is_merge:
        return None
    apply = Apply(
        plan,
        secret.meta,
        takes_over=bool(written_as_target(secret.managers) & plan.content.keys()),
        is_repair=_was_edited(seen, plan),
    )
    is_ours = ownership_of(secret.meta, seen.connection) is Ownership.OURS
    return HandBack(apply) if is_ours else apply


def content_differs(seen: TargetObservation, plan: Plan, secret: Secret) -> Action | None:
    """Patch what differs."""
    return Patch(plan, secret.meta, is_repair=_was_edited(seen, plan))


READ_CHECKS: Final[tuple[Check, ...]] = (
    secret_may_not_be_written,
    secret_is_as_desired,
    entry_is_contested,
    entries_are_merged,
    content_differs,
)


# Order matters within each tuple, and the last check of each always has an answer.


def decide_target(seen: TargetObservation) -> Action:
    """Return what to do next about a target."""
    if seen.known.is_put_off(seen.now) and may_wait(seen):
        return Keep(seen.known.look_again_at)
    if not seen.is_in_spec:
        return decide_former(seen)
    if seen.content_problem is not None:
        return RefuseTarget(seen.content_problem)
    if seen.plan is None:
        return Keep()
    return within_limits(seen, _decide_content(seen, seen.plan))


def is_work(seen: TargetObservation) -> bool:
    """Whether something is to be done about a target now."""
    return not isinstance(decide_target(seen), Keep)


def _decide_content(seen: TargetObservation, plan: Plan) -> Action:
    match seen.secret:
        case Absence.NOT_READ:
            return _first(check(seen, plan) for check in UNREAD_CHECKS)
        case Absence.NOT_FOUND:
            return _first(check(seen, plan) for check in ABSENT_CHECKS)
        case Secret() as secret:  # pragma: no branch - mypy proves the match exhaustive
            whole = without_leftovers(plan, secret, seen.known)
            return _first(check(seen, whole, secret) for check in READ_CHECKS)


def _first(actions: Iterator[Action | None]) -> Action:
    return next(action for action in actions if action is not None)


def _was_edited(seen: TargetObservation, plan: Plan) -> bool:
    """Whether what was written last is what is wanted now, and is not there any more."""
    return seen.known.digest == plan.digest
