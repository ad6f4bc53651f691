"""What the operator knows of one target Secret, and what it knows after each event."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from token_operator.domain.connection import DeletionPolicy, Target
from token_operator.domain.failures import FailureError, TargetContestedError
from token_operator.domain.targets.plan import Plan, merged_policy
from token_operator.domain.targets.repairs import NO_REPAIRS, Repairs
from token_operator.domain.targets.secret import Secret, SecretMeta


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTarget:
    """What is known of one target Secret."""

    meta: SecretMeta | None = None
    # Stands for entries, labels and annotations as last written or confirmed; kept in memory only.
    digest: bytes = field(default=b"", repr=False)
    fingerprint: str = ""
    written_at: datetime | None = None
    entries: tuple[str, ...] = ()
    # Where they are merged: what becomes of the entries when it is no longer a target.
    merged_deletion_policy: DeletionPolicy | None = None
    # What the spec said of it at the last write since the operator started.
    asked: Target | None = None
    # When a Secret that no watch shows is read again.
    reread_at: datetime | None = None
    # It was changed or deleted since.
    is_stale: bool = False
    # When that was seen first.
    broken_at: datetime | None = None
    # How often a watch showed that it was deleted, or lost its label.
    times_gone: int = 0
    failure: FailureError | None = None
    look_again_at: datetime | None = None
    # Another writer changed it during the last write: not even a new token is written sooner.
    was_overtaken: bool = False
    # The wait goes on whatever a watch shows.
    must_wait: bool = False
    repairs: Repairs = NO_REPAIRS
    # As it was read after a restart, until it is compared with what it should hold.
    found: Secret | None = field(default=None, repr=False)

    def must_be_read(self, now: datetime) -> bool:
        """Whether its content is no longer known for certain."""
        return self.is_stale or (self.reread_at is not None and now >= self.reread_at)

    def is_put_off(self, now: datetime) -> bool:
        """Whether it is left as it is until later: it was refused, or changed concurrently."""
        return self.look_again_at is not None and now < self.look_again_at

    @property
    def is_contested(self) -> bool:
        """Whether another writer undoes each repair."""
        return isinstance(self.failure, TargetContestedError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A target that holds what it should, written or confirmed at an instant."""

    plan: Plan
    meta: SecretMeta
    at: datetime
    is_write: bool
    is_repair: bool = False
    # A later version was seen meanwhile.
    is_stale: bool = False
    reread_at: datetime | None = None


def after_settling(known: KnownTarget, settled: Settled) -> KnownTarget:
    """Return what is known of a target that was written or found as it should be.

    A contested target stays contested until it has held for as long as the next repair waits.
    """
    plan, repairs = settled.plan, known.repairs
    if settled.is_repair:
        repairs = repairs.followed_by_one(settled.at, known.broken_at or settled.at)
    stays_contested = known.is_contested and settled.is_write
    keeps_instant = known.written_at is not None and not settled.is_write
    return KnownTarget(
        meta=settled.meta,
        digest=plan.digest,
        fingerprint=plan.fingerprint,
        written_at=known.written_at if keeps_instant else settled.at,
        entries=tuple(sorted(plan.desired.entries)),
        merged_deletion_policy=merged_policy(plan.target),
        asked=plan.target,
        reread_at=settled.reread_at,
        is_stale=settled.is_stale,
        broken_at=settled.at if settled.is_stale else None,
        failure=known.failure if stays_contested else None,
        look_again_at=settled.at + repairs.delay if stays_contested else None,
        must_wait=stays_contested,
        repairs=repairs,
        times_gone=known.times_gone,
    )


def after_absence(known: KnownTarget, plan: Plan) -> KnownTarget:
    """Return what is known of a target that should hold nothing and does not exist."""
    return replace(
        known,
        digest=plan.digest,
        entries=(),
        is_stale=False,
        broken_at=None,
        reread_at=None,
        failure=None,
        look_again_at=None,
        must_wait=False,
        found=None,
    )


def put_off(
    known: KnownTarget, until: datetime, *, failure: FailureError | None = None
) -> KnownTarget:
    """Return what is known of a target that cannot be written before *until*."""
    is_stale = known.is_stale or known.reread_at is not None
    return replace(
        known,
        failure=failure,
        look_again_at=until,
        must_wait=False,
        was_overtaken=False,
        is_stale=is_stale,
        reread_at=None,
        found=None,
    )


def after_change(known: KnownTarget, now: datetime, *, is_gone: bool) -> KnownTarget:
    """Return what is known of a target that a watch shows as changed, deleted or unlabelled."""
    return replace(
        known,
        is_stale=True,
        broken_at=known.broken_at or now,
        times_gone=known.times_gone + is_gone,
        look_again_at=known.look_again_at if known.must_wait else None,
    )


def after_conflict(
    known: KnownTarget, until: datetime, *, repaired_at: datetime | None = None
) -> KnownTarget:
    """Return what is known of a target that another writer changed while it was written.

    A repair that was overtaken (*repaired_at*) counts as one that was undone.
    """
    repairs = known.repairs
    if repaired_at is not None:
        repairs = repairs.followed_by_one(repaired_at, known.broken_at or repaired_at)
    failure = known.failure if known.is_contested else None
    waiting = put_off(known, until, failure=failure)
    return replace(waiting, is_stale=True, must_wait=True, was_overtaken=True, repairs=repairs)


def after_respecification(known: KnownTarget) -> KnownTarget:
    """Return what is known of a target whose connection has another spec: nothing waits."""
    return replace(
        known,
        failure=None if known.is_contested else known.failure,
        look_again_at=None,
        must_wait=False,
        was_overtaken=False,
        repairs=NO_REPAIRS,
    )
