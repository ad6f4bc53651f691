"""The series that are read at scrape time, so that they end with what they are about."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from token_operator.telemetry.snapshots import ConnectionSnapshot

PREFIX: Final = "salesforce_token"

# Hosts come from the connections, so that their number is not ours to choose;
# the busiest are the ones a person looks for.
MAX_HOSTS: Final = 200

_OBJECT: Final = ("namespace", "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapeSources:
    """Where values are read when a scrape asks for them."""

    snapshots: Callable[[], Iterable[ConnectionSnapshot]] = tuple
    queue_depth: Callable[[], int] = int
    # Host to the share of the login budget that its busiest user has used (1.0: all of it).
    login_budgets: Callable[[], Mapping[str, float]] = dict


class ScrapeCollector(Collector):
    """The collector that asks its sources anew at every scrape."""

    def __init__(self) -> None:
        self.sources = ScrapeSources()

    def describe(self) -> Iterable[Metric]:
        """Return nothing: registering must not read the sources."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the families of all connections, then those of the queue and the budgets."""
        snapshots = tuple(self.sources.snapshots())
        yield from _instants(snapshots)
        yield _ready(snapshots)
        yield _dead_token_seconds(snapshots)
        yield GaugeMetricFamily(
            f"{PREFIX}_queue_depth",
            "Resources that wait for a worker.",
            value=self.sources.queue_depth(),
        )
        yield _budgets(self.sources.login_budgets())


def _instants(snapshots: Iterable[ConnectionSnapshot]) -> Iterator[Metric]:
    expiry = _of_objects("expiry_timestamp_seconds", "When the token in the targets expires.")
    renewal = _of_objects("renewal_timestamp_seconds", "When the token is due for renewal.")
    verified = _of_objects("verified_timestamp_seconds", "When the token was last seen to work.")
    certificate = _of_objects(
        "key_certificate_expiry_timestamp_seconds",
        "When the certificate of the signing key expires.",
    )
    for seen in snapshots:
        _add_instant(expiry, seen, seen.expires_at)
        _add_instant(renewal, seen, seen.renewal_at)
        _add_instant(verified, seen, seen.verified_at)
        _add_instant(certificate, seen, seen.certificate_not_after)
    return iter((expiry, renewal, verified, certificate))


def _of_objects(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=_OBJECT)


def _add_instant(
    family: GaugeMetricFamily, seen: ConnectionSnapshot, instant: datetime | None
) -> None:
    if instant is not None:
        family.add_metric((seen.namespace, seen.name), instant.timestamp())


def _ready(snapshots: Iterable[ConnectionSnapshot]) -> Metric:
    family = _of_objects("ready", "1 if the connection is Ready, else 0.")
    for seen in snapshots:
        family.add_metric((seen.namespace, seen.name), float(seen.ready))
    return family


def _dead_token_seconds(snapshots: Iterable[ConnectionSnapshot]) -> Metric:
    family = CounterMetricFamily(
        f"{PREFIX}_dead_token_seconds",
        "Seconds during which a target held a token that was known dead.",
        labels=_OBJECT,
    )
    for seen in snapshots:
        family.add_metric((seen.namespace, seen.name), seen.dead_seconds)
    return family


def _budgets(budgets: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(
        f"{PREFIX}_login_budget_used_ratio",
        "Share of the hourly login budget that the host's busiest user has used.",
        labels=("host",),
    )
    busiest = sorted(budgets.items(), key=lambda item: (-item[1], item[0]))[:MAX_HOSTS]
    for host, used in busiest:
        family.add_metric((host,), used)
    return family
