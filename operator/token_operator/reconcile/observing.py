"""Gathering what is seen of one connection into one observation."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from token_operator.clock import Clock
from token_operator.domain.identity_hash import identity_hash
from token_operator.domain.observation import Observation
from token_operator.domain.sources import literal
from token_operator.domain.targets.decision import is_work
from token_operator.reconcile.logging_in import identity_hash_of
from token_operator.reconcile.record import Record
from token_operator.reconcile.records import Records
from token_operator.reconcile.sourcing import Sourcing
from token_operator.reconcile.target_writes import TargetWrites


@dataclass(frozen=True, slots=True)
class Observing:
    """Gathers observations; nothing is changed."""

    records: Records
    clock: Clock
    sourcing: Sourcing
    target_writes: TargetWrites

    def observe(self, record: Record) -> Observation:
        """Return what is seen of the connection now."""
        now = self.clock.now()
        seen = Observation(
            now=now,
            timeline=self.clock.timeline,
            connection=record.connection,
            state=record.state,
            identity_hash=known_identity_hash(record),
            key_fingerprint=credential_mark(record),
            spec_problem=record.spec_problem,
            look_again_at=self._next_look(record),
            is_shared=self._is_shared(record),
        )
        targets = self.target_writes.observe(record.targets, seen)
        return replace(seen, targets=targets, targets_need_work=any(map(is_work, targets)))

    def _is_shared(self, record: Record) -> bool:
        held = record.state.held
        if held is None or not held.is_dead:
            return False
        return self.records.is_shared(record.key, held.token.fingerprint)

    def _next_look(self, record: Record) -> datetime | None:
        """Return when sources or targets want another look."""
        looks = [record.targets.next_look()]
        sources = self.sourcing.next_reading(record)
        if sources is not None:
            pause = max(sources - self.clock.monotonic(), 0.0)
            looks.append(self.clock.now() + timedelta(seconds=pause))
        return min((at for at in looks if at is not None), default=None)


def known_identity_hash(record: Record) -> str:
    """Return the identity hash of the connection; empty while its references are not read."""
    if record.sources is not None:
        return identity_hash_of(record.connection, record.sources.credentials)
    auth = record.connection.auth
    consumer_key, user = literal(auth.consumer_key), literal(auth.grant.username)
    if not consumer_key or not user:
        return ""
    return identity_hash(record.connection, consumer_key=consumer_key, user=user)


def credential_mark(record: Record) -> str:
    """Return what stands for the credential; empty where the sources are not read."""
    if record.sources is None:
        return ""
    return record.sources.credentials.mark_beside(record.state.proven_credential_mark)
