"""What is held in memory of one connection between its passes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from token_operator.cluster.statuses import ReportedStatus
from token_operator.domain.connection import (
    Connection,
    ConnectionKey,
)
from token_operator.domain.failures import FailureError
from token_operator.domain.lifecycle import Lifecycle
from token_operator.domain.outbox import Outbox
from token_operator.domain.state import State
from token_operator.domain.status import AuthStatus, Status
from token_operator.domain.targets.known_targets import KnownTargets
from token_operator.domain.token_account import TokenAccount
from token_operator.domain.workload_restarts import WorkloadRestarts
from token_operator.salesforce.credentials import Credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What was read from the source Secrets, and in which versions."""

    credentials: Credentials
    versions: Mapping[str, str]


@dataclass(slots=True)
class KnownSources:
    """What is known of the source Secrets of one connection, changed by these methods alone."""

    sources: Sources | None = None
    # They may have changed since they were read.
    is_stale: bool = False
    # When they were read last, in seconds of the monotonic clock; None: never.
    read_at: float | None = None
    # Versions of sources that could not be used, to see when they change.
    _refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions by name of a Secret, also of sources that cannot be used."""
        return self.sources.versions if self.sources is not None else self._refused

    def mark_stale(self) -> None:
        """Have them read by the next pass."""
        self.is_stale = True

    def begin_reading(self, now: float) -> None:
        """Record that they are being read now (monotonic seconds)."""
        self.is_stale, self.read_at, self._refused = False, now, {}

    def record_refusal(self, versions: Mapping[str, str]) -> None:
        """Record that they cannot be used in these *versions*."""
        self.sources, self._refused = None, versions

    def accept(self, sources: Sources) -> None:
        """Take *sources* as what they hold."""
        self.sources, self._refused = sources, {}

    def forget(self) -> None:
        """Drop what another spec named."""
        self.sources, self.is_stale = None, True


@dataclass(slots=True)
class Pacing:
    """How the passes of one connection get on, changed by these methods alone."""

    # Since when the connection has waited for its turn to call Salesforce (monotonic seconds).
    waiting_since: float | None = None
    # Passes in a row that the API server failed.
    _api_failures: int = 0

    def wait(self, now: float) -> None:
        """Record that the connection waits for its turn."""
        self.waiting_since = now if self.waiting_since is None else self.waiting_since

    def proceed(self) -> None:
        """Record that the connection had its turn, or wants none."""
        self.waiting_since = None

    def fail(self) -> int:
        """Count a pass that the API server failed; return how many there were in a row before."""
        before, self._api_failures = self._api_failures, self._api_failures + 1
        return before

    def succeed(self) -> None:
        """Record a pass that the API server did not fail."""
        self._api_failures = 0


@dataclass(slots=True, kw_only=True)
class Record:
    """One connection: what its spec asks for, and the parts that remember what happened.

    Each part is changed only by its own methods.
    """

    connection: Connection
    resource_version: str
    # What makes the spec impossible to serve.
    spec_problem: FailureError | None = None
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    # The status that the API server holds.
    reported: ReportedStatus = field(default_factory=ReportedStatus)
    known_sources: KnownSources = field(default_factory=KnownSources)
    targets: KnownTargets = field(default_factory=KnownTargets)
    restarts: WorkloadRestarts = field(default_factory=WorkloadRestarts)
    outbox: Outbox = field(default_factory=Outbox)
    account: TokenAccount = field(default_factory=TokenAccount)
    pacing: Pacing = field(default_factory=Pacing)
    # The API server does not know the connection any more.
    is_gone: bool = False

    @property
    def key(self) -> ConnectionKey:
        """Namespace and name."""
        return self.connection.key

    @property
    def status(self) -> Status:
        """The status as it was written last, or read at the start."""
        return self.reported.status

    @property
    def state(self) -> State:
        """What is remembered of the token."""
        return self.lifecycle.state

    @property
    def auth(self) -> AuthStatus | None:
        """How the last login was made."""
        return self.lifecycle.state.auth

    @property
    def sources(self) -> Sources | None:
        """What was read from the source Secrets; None where they are not known."""
        return self.known_sources.sources

    def respecify(self, connection: Connection, spec_problem: FailureError | None) -> None:
        """Take the connection as its author has changed it."""
        self.connection, self.spec_problem = connection, spec_problem
