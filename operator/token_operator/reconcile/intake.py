"""What the watches show becomes facts in memory and keys in the queue.

Nothing here waits or fails: what cannot be understood is logged and skipped.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from token_operator.clock import Clock
from token_operator.cluster.resources import connection_from, key_of
from token_operator.cluster.secrets import meta_from
from token_operator.cluster.statuses import ReportedStatus
from token_operator.domain.connection import Connection, ConnectionKey, CreationPolicy
from token_operator.domain.failures import FailureError
from token_operator.domain.lifecycle import Lifecycle
from token_operator.domain.outcomes import OrgRespecified, WorkResumed
from token_operator.domain.spec_problems import spec_problem_of
from token_operator.domain.state_from_status import first_due, state_from
from token_operator.domain.targets.known_targets import KnownTargets
from token_operator.domain.targets.labels import FINGERPRINT
from token_operator.domain.targets.plan import is_taken_out
from token_operator.domain.targets.secret import SecretMeta, is_newer
from token_operator.domain.workload_restarts import mark_of
from token_operator.reconcile.call_admission import CallAdmission
from token_operator.reconcile.queue import KeyedQueue
from token_operator.reconcile.record import KnownSources, Record
from token_operator.reconcile.records import Records
from token_operator.reconcile.reporting import FAILURE, failure_mark
from token_operator.salesforce.hosts import AllowedHosts

logger = logging.getLogger(__name__)

# After a start, connections that are well are looked at at this pace.
START_PACE: Final = timedelta(milliseconds=60)
Raw = Mapping[str, Any]


@dataclass(slots=True)
class Intake:
    """Takes what the watches show."""

    records: Records
    queue: KeyedQueue[ConnectionKey]
    admission: CallAdmission
    clock: Clock
    hosts: AllowedHosts

    def connection_seen(self, raw: Raw) -> None:
        """Take a connection as it is now."""
        try:
            connection = connection_from(raw)
        except (KeyError, TypeError, ValueError) as error:
            logger.warning(
                "Skipped a connection that does not match its schema: %s", type(error).__name__
            )
            return
        version = raw["metadata"].get("resourceVersion", "")
        record = self.records.get(connection.key)
        if record is None or record.connection.uid != connection.uid:
            self._first_seen(connection, ReportedStatus.read(raw, self.clock.timeline), version)
            return
        record.resource_version = version
        record.reported.see(raw)
        if asks_for_something_else(connection, record.connection):
            self._changed(record, connection)

    def connection_gone(self, raw: Raw) -> None:
        """Forget a connection, unless another one has taken its name."""
        key = key_of(raw)
        record = self.records.get(key)
        if record is not None and record.connection.uid == raw["metadata"].get("uid"):
            self.forget_and_clean_up(key)

    def forget_and_clean_up(self, key: ConnectionKey) -> None:
        """Forget a connection that is gone; queue a last pass that takes merged entries out."""
        record = self.records.drop(key)
        self.queue.forget(key)
        self.admission.forget(key)
        if record is not None and any(map(is_taken_out, record.connection.targets)):
            self.records.departed[key] = record
            self.queue.add(key, urgent=True)

    def requeue_all(self) -> None:
        """Have every connection looked at now."""
        for record in self.records:
            self.queue.add(record.key)

    def _first_seen(self, connection: Connection, reported: ReportedStatus, version: str) -> None:
        status = reported.status
        record = Record(
            connection=connection,
            resource_version=version,
            spec_problem=self._spec_problem(connection),
            lifecycle=Lifecycle(state_from(connection, status, self.clock.now())),
            reported=reported,
            known_sources=KnownSources(
                is_stale=status.observed_generation not in (0, connection.generation),
                read_at=self.clock.monotonic() if status.observed_generation else None,
            ),
            targets=KnownTargets.from_status(status.targets, connection.targets),
        )
        if status.failure is not None:
            mark = failure_mark(status.failure.failure_class, status.failure.reason)
            record.outbox.remember(FAILURE, mark)
        shown = record.targets.fingerprints(connection)
        record.restarts.record_token(mark_of(shown), connection.restart_workloads, self.clock.now())
        self.records.put(record)
        self._plan_first_pass(record)

    def _plan_first_pass(self, record: Record) -> None:
        now = self.clock.now()
        spread = min(
            record.connection.token.verify_interval or timedelta(minutes=5),
            START_PACE * len(self.records.by_key),
        )
        due = first_due(record.connection, record.status, now, spread)
        if self._sources_differ(record):
            record.known_sources.mark_stale()
        if due <= now or record.known_sources.is_stale or self._shows_another_token(record):
            self.queue.add(record.key)
            return
        self.queue.schedule(record.key, self.clock.monotonic() + (due - now).total_seconds())

    def _shows_another_token(self, record: Record) -> bool:
        """Whether a target does not show the token of the status."""
        shown = record.status.token.fingerprint if record.status.token else ""
        for target in record.connection.targets:
            if target.creation_policy is CreationPolicy.MERGE:  # not watched: the status shows it
                if record.targets.of(target.secret_name).fingerprint != shown:
                    return True
                continue
            meta = self.records.watched.get((record.key.namespace, target.secret_name))
            if meta is None or meta.annotations.get(FINGERPRINT) != shown:
                return True
        return False

    def _sources_differ(self, record: Record) -> bool:
        """Whether a labelled source is of another version than the status shows."""
        versions = dict(record.status.auth.source_versions) if record.status.auth else {}
        for name, version in versions.items():
            meta = self.records.watched.get((record.key.namespace, name))
            if meta is not None and meta.resource_version != version:
                return True
        return False

    def _spec_problem(self, connection: Connection) -> FailureError | None:
        return spec_problem_of(connection, self.hosts.check_login_url)

    def _changed(self, record: Record, connection: Connection) -> None:
        is_resumed = record.connection.suspend and not connection.suspend
        is_other_org = record.connection.org != connection.org
        is_other_spec = record.connection.generation != connection.generation
        self.records.drop(record.key)  # the indexes name what the old spec named
        record.respecify(connection, self._spec_problem(connection))
        if is_resumed:
            record.lifecycle.apply(WorkResumed())
        if is_other_org:
            record.lifecycle.apply(OrgRespecified(connection.org.api_version or ""))
        if is_other_spec:
            record.known_sources.forget()
            record.targets.retry_all()
            record.targets.follow_spec(connection.targets)
        self.records.put(record)
        self.queue.add(record.key, urgent=True)

    def secret_seen(self, raw: Raw) -> None:
        """Take a labelled Secret as it is now."""
        try:
            namespace, meta = raw["metadata"]["namespace"], meta_from(raw)
        except (KeyError, TypeError) as error:
            logger.warning("A Secret's metadata cannot be read: %s", type(error).__name__)
            return
        self.take_secret_meta(namespace, meta)

    def take_secret_meta(self, namespace: str, meta: SecretMeta) -> None:
        """Take a labelled Secret's metadata as they are now."""
        before = self.records.watched.get((namespace, meta.name))
        if before is not None and not is_newer(meta, before):
            return
        self.records.watched[namespace, meta.name] = meta
        self._tell_readers(namespace, meta)
        self._tell_writers(namespace, meta, is_first=before is None)

    def secret_gone(self, raw: Raw) -> None:
        """Record that a Secret was deleted or lost its label."""
        metadata = raw["metadata"]
        self.drop_secret(metadata["namespace"], metadata["name"])

    def drop_secret(self, namespace: str, name: str) -> None:
        """Record that a Secret no longer exists or is no longer labelled."""
        self.records.watched.pop((namespace, name), None)
        for key in self.records.reading((namespace, name)):
            self.records.by_key[key].known_sources.mark_stale()
            self.queue.add(key, urgent=True)
        for key in self.records.writing((namespace, name)):
            self._mark_stale(key, name, is_gone=True)

    def _tell_readers(self, namespace: str, meta: SecretMeta) -> None:
        for key in self.records.reading((namespace, meta.name)):
            record = self.records.by_key[key]
            known = record.known_sources.versions
            if not known and record.auth is not None and record.state.is_cold:
                known = dict(record.auth.source_versions)
            if known.get(meta.name) != meta.resource_version:
                record.known_sources.mark_stale()
                self.queue.add(key, urgent=True)

    def _tell_writers(self, namespace: str, meta: SecretMeta, *, is_first: bool) -> None:
        for key in self.records.writing((namespace, meta.name)):
            known = self.records.by_key[key].targets.of(meta.name).meta
            if known is not None and not is_newer(meta, known):
                continue  # an echo of our own write
            if is_first and self.records.by_key[key].state.is_cold:
                continue  # the first pass looks at it anyway
            self._mark_stale(key, meta.name)

    def _mark_stale(self, key: ConnectionKey, name: str, *, is_gone: bool = False) -> None:
        targets, now = self.records.by_key[key].targets, self.clock.now()
        targets.became_stale(name, now, is_gone=is_gone)
        if not targets.of(name).is_put_off(now):
            self.queue.add(key, urgent=True)


def asks_for_something_else(connection: Connection, before: Connection) -> bool:
    """Whether more has changed than the status, which is our own echo."""
    return replace(connection, key=before.key) != before
