"""The metrics of the operator: what is counted when it happens, and the page that shows all.

Names and labels are a contract (docs/metrics.md). No label holds a value that was read from a
Secret.
"""

from enum import StrEnum
from typing import Final, Self

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector

from token_operator.domain.failures import FailureClass
from token_operator.domain.grants import GrantName
from token_operator.domain.token import Verdict
from token_operator.telemetry.scrape import PREFIX, ScrapeCollector, ScrapeSources

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

# A login is cut after 15 seconds.
_LOGIN_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)
# A pass is a few milliseconds without a login, and as long as its login with one.
_PASS_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_MARGIN_SECONDS: Final = (0, 60, 300, 900, 1800, 3600, 7200, 14400)


class LoginResult(StrEnum):
    """How a login ended."""

    SUCCESS = "success"
    TRANSIENT = "transient"
    RATE_LIMITED = "rate_limited"
    TERMINAL = "terminal"

    @classmethod
    def of(cls, failure: FailureClass) -> Self:
        """Return the result that stands for a failure of this class."""
        return cls[failure.name]


class PassResult(StrEnum):
    """How a pass ended."""

    SUCCESS = "success"
    TRANSIENT = "transient"
    RATE_LIMITED = "rate_limited"
    TERMINAL = "terminal"
    ERROR = "error"  # a bug of the operator

    @classmethod
    def of(cls, failure: FailureClass) -> Self:
        """Return the result that stands for a failure of this class."""
        return cls[failure.name]


class WriteResult(StrEnum):
    """How a write to the API server ended."""

    SUCCESS = "success"
    CONFLICT = "conflict"
    FAILURE = "failure"


class Written(StrEnum):
    """What a write to the API server was about."""

    SECRET = "secret"  # noqa: S105 - a kind of resource, not a secret
    STATUS = "status"
    EVENT = "event"
    CONNECTION = "connection"  # its finalizers
    WORKLOAD = "workload"


class Metrics:
    """All series of one operator, in a registry of their own."""

    def __init__(self, version: str) -> None:
        # A switch of the whole library; without it each counter and histogram has a
        # second series `..._created` that the contract does not know.
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call] # not annotated
        self._registry = CollectorRegistry()
        self._scrape = ScrapeCollector()
        self._registry.register(self._scrape)
        ProcessCollector(registry=self._registry)
        Info(f"{PREFIX}_build", "The running build.", registry=self._registry).info(
            {"version": version}
        )
        self._leader = Gauge(
            f"{PREFIX}_leader", "1 if this replica leads, else 0.", registry=self._registry
        )
        self._logins = self._counter("logins_total", "Logins at Salesforce.", "grant", "result")
        self._login_failures = self._counter(
            "login_failures_total", "Logins that failed, by reason.", "grant", "reason"
        )
        self._verifications = self._counter(
            "verifications_total", "Proofs that a token works.", "result"
        )
        self._writes = self._counter("writes_total", "Writes to the cluster.", "resource", "result")
        self._login_seconds = Histogram(
            f"{PREFIX}_login_duration_seconds",
            "Time that a login took.",
            ("grant",),
            registry=self._registry,
            buckets=_LOGIN_SECONDS,
        )
        self._pass_seconds = Histogram(
            f"{PREFIX}_pass_duration_seconds",
            "Time that one pass over one connection took.",
            ("result",),
            registry=self._registry,
            buckets=_PASS_SECONDS,
        )
        self._renewal_margin = Histogram(
            f"{PREFIX}_renewal_margin_seconds",
            "Life that the old token had left when the new one was written.",
            registry=self._registry,
            buckets=_MARGIN_SECONDS,
        )
        self._begin_at_zero()

    def read_from(self, sources: ScrapeSources) -> None:
        """Read the series of connections, queue and budgets from *sources* at every scrape.

        The sources are called by ``page``, in its thread.
        """
        self._scrape.sources = sources

    def login(self, *, grant: GrantName, result: LoginResult, seconds: float) -> None:
        """Count a login that took *seconds*."""
        self._logins.labels(grant, result).inc()
        self._login_seconds.labels(grant).observe(seconds)

    def login_failed(self, *, grant: GrantName, reason: str) -> None:
        """Count the reason of a failed login, a word of ``domain.failures``."""
        self._login_failures.labels(grant, reason).inc()

    def verification(self, *, verdict: Verdict) -> None:
        """Count a verification by what it found out."""
        self._verifications.labels(verdict).inc()

    def write(self, *, resource: Written, result: WriteResult) -> None:
        """Count a write to the API server."""
        self._writes.labels(resource, result).inc()

    def renewal_margin(self, *, seconds: float) -> None:
        """Record the life left of a token when its successor was written (none left: 0)."""
        self._renewal_margin.observe(max(0.0, seconds))

    def pass_done(self, *, result: PassResult, seconds: float) -> None:
        """Count a pass that took *seconds*."""
        self._pass_seconds.labels(result).observe(seconds)

    def leading(self, *, is_leader: bool) -> None:
        """Say whether this replica leads."""
        self._leader.set(is_leader)

    def page(self) -> bytes:
        """Return all series in the Prometheus text format, of type CONTENT_TYPE."""
        return prometheus_client.generate_latest(self._registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", text, labels, registry=self._registry)

    def _begin_at_zero(self) -> None:
        # A rate does not see the first event of a series that begins with it.
        for verdict in Verdict:
            self._verifications.labels(verdict)
        for grant in GrantName:
            for result in LoginResult:
                self._logins.labels(grant, result)
