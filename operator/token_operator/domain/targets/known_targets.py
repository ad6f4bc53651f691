"""What the operator knows of the target Secrets of one connection between its passes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from token_operator.domain.connection import Connection, Target
from token_operator.domain.failures import FailureError
from token_operator.domain.status import TargetStatus
from token_operator.domain.targets.known_target import (
    KnownTarget,
    Settled,
    after_absence,
    after_change,
    after_conflict,
    after_respecification,
    after_settling,
    put_off,
)
from token_operator.domain.targets.plan import Plan, merged_policy
from token_operator.domain.targets.secret import Secret


@dataclass(slots=True)
class KnownTargets:
    """What is known of all targets of a connection, by the name of the Secret."""

    _known: dict[str, KnownTarget] = field(default_factory=dict)

    @classmethod
    def from_status(
        cls, written: Iterable[TargetStatus], wanted: Iterable[Target]
    ) -> "KnownTargets":
        """Return what the status shows of the targets written before a restart."""
        known = {
            one.secret_name: KnownTarget(
                fingerprint=one.fingerprint,
                written_at=one.written_at,
                entries=one.entries,
                merged_deletion_policy=one.deletion_policy,
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
            merged = known.merged_deletion_policy and (
                merged_policy(target) or known.merged_deletion_policy
            )
            self._known[target.secret_name] = replace(known, merged_deletion_policy=merged)

    def take_up(self, secret: Secret) -> None:
        """Keep a Secret that was read after a restart, so that it need not be read again."""
        self._change(secret.meta.name, replace(self.of(secret.meta.name), found=secret))

    def became_stale(self, name: str, now: datetime, *, is_gone: bool = False) -> None:
        """Record that a target was changed or deleted: it is read at once, unless it must wait."""
        self._change(name, after_change(self.of(name), now, is_gone=is_gone))

    def retry_all(self) -> None:
        """Read every target that was postponed without delay: the spec has changed."""
        for name, known in self._known.items():
            self._known[name] = after_respecification(known)

    def settle(self, name: str, settled: Settled) -> None:
        """Record that a target holds what it should."""
        self._change(name, after_settling(self.of(name), settled))

    def settle_absent(self, name: str, plan: Plan) -> None:
        """Record that a target which should hold nothing does not exist."""
        self._change(name, after_absence(self.of(name), plan))

    def record_refusal(self, name: str, failure: FailureError, until: datetime) -> None:
        """Record why a target may not be written, and when to look again."""
        self._change(name, put_off(self.of(name), until, failure=failure))

    def put_off(self, name: str, until: datetime) -> None:
        """Record that a target cannot be written before *until*; no action is needed."""
        self._change(name, put_off(self.of(name), until))

    def back_off(self, name: str, failure: FailureError, until: datetime) -> None:
        """Record that another writer undoes each repair: the next one is made at *until*."""
        known = put_off(self.of(name), until, failure=failure)
        self._change(name, replace(known, must_wait=True))

    def conflict(self, name: str, until: datetime, *, repaired_at: datetime | None = None) -> None:
        """Record that a target was changed while it was written: it is read again at *until*."""
        self._change(name, after_conflict(self.of(name), until, repaired_at=repaired_at))

    def end_refusal(self, name: str) -> None:
        """Record that nothing that was refused is still wanted."""
        known = replace(self.of(name), failure=None, look_again_at=None, must_wait=False)
        self._change(name, known)

    def forget(self, name: str) -> None:
        """Forget a target that was let go."""
        self._known.pop(name, None)

    def _change(self, name: str, known: KnownTarget) -> None:
        self._known[name] = known
