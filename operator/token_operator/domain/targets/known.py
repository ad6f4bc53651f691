"""What the operator knows of the target Secrets of one connection between its passes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from token_operator.domain.connection import Connection, DeletionPolicy, Target
from token_operator.domain.failures import FailureError
from token_operator.domain.status import TargetStatus
from token_operator.domain.targets.plan import Plan, merged_policy
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
    merged: DeletionPolicy | None = None
    # What the spec said of it at the last write since the operator started.
    asked: Target | None = None
    # When a Secret that no watch shows is read again.
    reread_at: datetime | None = None
    # It was changed or deleted since.
    is_stale: bool = False
    failure: FailureError | None = None
    look_again_at: datetime | None = None
    # As it was read after a restart, until it is compared with what it should hold.
    found: Secret | None = field(default=None, repr=False)

    def must_be_read(self, now: datetime) -> bool:
        """Whether its content is no longer known for certain."""
        return self.is_stale or (self.reread_at is not None and now >= self.reread_at)

    def is_put_off(self, now: datetime) -> bool:
        """Whether it is left as it is until later: it was refused, or changed concurrently."""
        return self.look_again_at is not None and now < self.look_again_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A target that holds what it should, written or confirmed at an instant."""

    plan: Plan
    meta: SecretMeta
    at: datetime
    is_write: bool
    # A later version was seen meanwhile.
    is_stale: bool = False
    reread_at: datetime | None = None


def after_settling(known: KnownTarget, settled: Settled) -> KnownTarget:
    """Return what is known of a target that was written or found as it should be."""
    plan = settled.plan
    keeps_instant = known.written_at is not None and not settled.is_write
    return KnownTarget(
        meta=settled.meta,
        digest=plan.digest,
        fingerprint=plan.fingerprint,
        written_at=known.written_at if keeps_instant else settled.at,
        entries=tuple(sorted(plan.desired.entries)),
        merged=merged_policy(plan.target),
        asked=plan.target,
        reread_at=settled.reread_at,
        is_stale=settled.is_stale,
    )


def after_absence(known: KnownTarget, plan: Plan) -> KnownTarget:
    """Return what is known of a target that should hold nothing and does not exist."""
    return replace(
        known,
        digest=plan.digest,
        entries=(),
        is_stale=False,
        reread_at=None,
        failure=None,
        look_again_at=None,
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
        is_stale=is_stale,
        reread_at=None,
        found=None,
    )


@dataclass(slots=True)
class Targets:
    """What is known of all targets of a connection, by the name of the Secret."""

    _known: dict[str, KnownTarget] = field(default_factory=dict)

    @classmethod
    def from_status(cls, written: Iterable[TargetStatus], wanted: Iterable[Target]) -> "Targets":
        """Return what the status shows of the targets written before a restart."""
        known = {
            one.secret_name: KnownTarget(
                fingerprint=one.fingerprint,
                written_at=one.written_at,
                entries=one.entries,
                merged=one.deletion_policy,
            )
            for one in written
        }
        targets = cls(known)
        targets.follow_spec(wanted)
        return targets

    def of(self, name: str) -> KnownTarget:
        """Return what is known of one target; nothing where it was never seen."""
        return self._known.get(name) or KnownTarget()

    def items(self) -> Iterator[tuple[str, KnownTarget]]:
        """Iterate over names and what is known, by name."""
        return iter(sorted(self._known.items()))

    def former(self, connection: Connection) -> tuple[str, ...]:
        """Return the names of targets that the spec no longer contains."""
        wanted = {target.secret_name for target in connection.targets}
        return tuple(name for name in self._known if name not in wanted)

    def all_fingerprints(self) -> frozenset[str]:
        """Return the fingerprints of the tokens that all targets hold, former ones too."""
        return frozenset(known.fingerprint for known in self._known.values())

    def fingerprints(self, connection: Connection) -> frozenset[str]:
        """Return the fingerprints of the tokens that the targets in the spec hold."""
        held = (self.of(target.secret_name).fingerprint for target in connection.targets)
        return frozenset(one for one in held if one)

    def failure(self, connection: Connection) -> FailureError | None:
        """Return what keeps a target in the spec from being written; None where nothing does."""
        failures = (self.of(target.secret_name).failure for target in connection.targets)
        return next((one for one in failures if one is not None), None)

    def is_any_put_off(self, connection: Connection) -> bool:
        """Whether a target in the spec could not be written and is tried again later."""
        targets = connection.targets
        return any(self.of(target.secret_name).look_again_at is not None for target in targets)

    def next_look(self) -> datetime | None:
        """Return when a target is to be looked at again: one put off, or one not watched."""
        looks = (at for one in self._known.values() for at in (one.look_again_at, one.reread_at))
        return min((at for at in looks if at is not None), default=None)

    def follow_spec(self, targets: Iterable[Target]) -> None:
        """Know all *targets*; what becomes of merged entries is what the spec now says."""
        for target in targets:
            known = self.of(target.secret_name)
            merged = known.merged and (merged_policy(target) or known.merged)
            self._known[target.secret_name] = replace(known, merged=merged)

    def take_up(self, secret: Secret) -> None:
        """Keep a Secret that was read after a restart, so that it need not be read again."""
        self._change(secret.meta.name, replace(self.of(secret.meta.name), found=secret))

    def became_stale(self, name: str) -> None:
        """Record that a target was changed or deleted: it is looked at without delay."""
        self._change(name, replace(self.of(name), is_stale=True, look_again_at=None))

    def retry_all(self) -> None:
        """Look at every target that was put off without delay: the spec has changed."""
        for name, known in self._known.items():
            self._known[name] = replace(known, look_again_at=None)

    def settle(self, name: str, settled: Settled) -> None:
        """Record that a target holds what it should."""
        self._change(name, after_settling(self.of(name), settled))

    def settle_absent(self, name: str, plan: Plan) -> None:
        """Record that a target which should hold nothing does not exist."""
        self._change(name, after_absence(self.of(name), plan))

    def refuse(self, name: str, failure: FailureError, until: datetime) -> None:
        """Record why a target may not be written, and when to look again."""
        self._change(name, put_off(self.of(name), until, failure=failure))

    def put_off(self, name: str, until: datetime) -> None:
        """Record that a target cannot be written before *until*; no action is needed."""
        self._change(name, put_off(self.of(name), until))

    def conflict(self, name: str, until: datetime) -> None:
        """Record that a target was changed concurrently: it is read again at *until*."""
        self._change(name, replace(put_off(self.of(name), until), is_stale=True))

    def end_refusal(self, name: str) -> None:
        """Record that nothing that was refused is still wanted."""
        self._change(name, replace(self.of(name), failure=None, look_again_at=None))

    def forget(self, name: str) -> None:
        """Forget a target that was let go."""
        self._known.pop(name, None)

    def _change(self, name: str, known: KnownTarget) -> None:
        self._known[name] = known
