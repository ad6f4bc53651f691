"""The metrics are the ones of the contract, and per-object series end with their object."""

from datetime import UTC, datetime

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from token_operator.domain.failures import FailureClass
from token_operator.domain.grants import GrantName
from token_operator.domain.token import Verdict
from token_operator.telemetry.metrics import (
    LoginResult,
    Metrics,
    PassResult,
    WriteResult,
    Written,
)
from token_operator.telemetry.scrape import ScrapeSources
from token_operator.telemetry.snapshots import ConnectionSnapshot

NOON = datetime(3025, 7, 1, 12, tzinfo=UTC)
OBJECT = {"namespace", "name"}

# Copied from the design, section 10: name, labels.
CONTRACT = {
    "salesforce_token_expiry_timestamp_seconds": OBJECT,
    "salesforce_token_renewal_timestamp_seconds": OBJECT,
    "salesforce_token_verified_timestamp_seconds": OBJECT,
    "salesforce_token_ready": OBJECT,
    "salesforce_token_key_certificate_expiry_timestamp_seconds": OBJECT,
    "salesforce_token_dead_token_seconds_total": OBJECT,
    "salesforce_token_logins_total": {"grant", "result"},
    "salesforce_token_login_failures_total": {"grant", "reason"},
    "salesforce_token_login_duration_seconds": {"grant"},
    "salesforce_token_verifications_total": {"result"},
    "salesforce_token_writes_total": {"resource", "result"},
    "salesforce_token_renewal_margin_seconds": set(),
    "salesforce_token_queue_depth": set(),
    "salesforce_token_pass_duration_seconds": {"result"},
    "salesforce_token_login_budget_used_ratio": {"host"},
    "salesforce_token_leader": set(),
    "salesforce_token_build_info": {"version"},
}


def a_snapshot(name: str = "crm") -> ConnectionSnapshot:
    return ConnectionSnapshot(
        namespace="shop",
        name=name,
        ready=True,
        expires_at=NOON,
        renewal_at=NOON,
        verified_at=NOON,
        certificate_not_after=NOON,
        dead_seconds=1.5,
    )


def busy_metrics() -> Metrics:
    """Metrics of which every series has been used once."""
    metrics = Metrics("1.2.3")
    metrics.login(grant=GrantName.JWT_BEARER, result=LoginResult.SUCCESS, seconds=0.3)
    metrics.login_failed(grant=GrantName.JWT_BEARER, reason="UserNotApproved")
    metrics.verification(verdict=Verdict.UNDECIDABLE)
    metrics.write(resource=Written.SECRET, result=WriteResult.SUCCESS)
    metrics.renewal_margin(seconds=1440)
    metrics.pass_done(result=PassResult.SUCCESS, seconds=0.01)
    metrics.leading(is_leader=True)
    metrics.read_from(
        ScrapeSources(
            snapshots=lambda: [a_snapshot()],
            queue_depth=lambda: 3,
            login_budgets=lambda: {"login.salesforce.com": 0.25},
        )
    )
    return metrics


def families(metrics: Metrics) -> list[Metric]:
    return list(text_string_to_metric_families(metrics.page().decode()))


def value(metrics: Metrics, sample_name: str, /, **labels: str) -> float | None:
    """Return the value of one sample, None if the page does not have it."""
    for family in families(metrics):
        for sample in family.samples:
            if sample.name == sample_name and sample.labels == labels:
                return sample.value
    return None


def test_names_and_labels_are_exactly_those_of_the_contract() -> None:
    shown: dict[str, set[str]] = {}
    for family in families(busy_metrics()):
        suffix = "_total" if family.type == "counter" else ""
        for sample in family.samples:
            shown.setdefault(family.name + suffix, set()).update(sample.labels.keys() - {"le"})

    assert {name: labels for name, labels in shown.items() if "salesforce" in name} == CONTRACT


def test_every_sample_belongs_to_a_name_of_the_contract() -> None:
    suffixes = ("_bucket", "_count", "_sum")
    samples = {sample.name for family in families(busy_metrics()) for sample in family.samples}
    bases = {
        name.removesuffix(next((s for s in suffixes if name.endswith(s)), "")) for name in samples
    }

    assert {base for base in bases if not base.startswith("process_")} == set(CONTRACT)


def test_results_are_the_words_of_the_contract() -> None:
    assert set(LoginResult) == {"success", "transient", "rate_limited", "terminal"}
    assert set(Verdict) == {"alive", "dead", "unknown"}


@pytest.mark.parametrize("failure", FailureClass)
def test_every_class_of_failure_is_a_result(failure: FailureClass) -> None:
    assert LoginResult.of(failure).name == failure.name
    assert PassResult.of(failure).name == failure.name


def test_renewal_margin_has_the_buckets_of_the_contract() -> None:
    family = next(
        family
        for family in families(busy_metrics())
        if family.name == "salesforce_token_renewal_margin_seconds"
    )
    bounds = [sample.labels["le"] for sample in family.samples if "le" in sample.labels]

    assert [float(bound) for bound in bounds[:-1]] == [0, 60, 300, 900, 1800, 3600, 7200, 14400]


def test_no_life_left_counts_in_the_bucket_of_zero() -> None:
    metrics = Metrics("1")

    metrics.renewal_margin(seconds=-30)

    assert value(metrics, "salesforce_token_renewal_margin_seconds_bucket", le="0.0") == 1


def test_instant_of_the_year_3025_is_shown_to_the_second() -> None:
    shown = value(
        busy_metrics(),
        "salesforce_token_expiry_timestamp_seconds",
        namespace="shop",
        name="crm",
    )

    assert shown == NOON.timestamp()


def test_instant_that_is_not_known_has_no_series() -> None:
    metrics = Metrics("1")
    metrics.read_from(
        ScrapeSources(snapshots=lambda: [ConnectionSnapshot(namespace="n", name="c", ready=False)])
    )

    samples = [sample.name for family in families(metrics) for sample in family.samples]

    assert not [name for name in samples if name.endswith("timestamp_seconds")]
    assert value(metrics, "salesforce_token_ready", namespace="n", name="c") == 0


def test_series_of_a_connection_end_with_it() -> None:
    seen = [a_snapshot("kept"), a_snapshot("gone")]
    metrics = Metrics("1")
    metrics.read_from(ScrapeSources(snapshots=lambda: seen))
    assert b'name="gone"' in metrics.page()

    seen.pop()

    assert b'name="gone"' not in metrics.page()
    assert b'name="kept"' in metrics.page()


def test_login_counts_and_takes_its_time() -> None:
    metrics = Metrics("1")

    metrics.login(grant=GrantName.JWT_BEARER, result=LoginResult.TERMINAL, seconds=0.3)

    labels = {"grant": "JWTBearer"}
    assert value(metrics, "salesforce_token_logins_total", result="terminal", **labels) == 1
    assert value(metrics, "salesforce_token_logins_total", result="success", **labels) == 0
    assert value(metrics, "salesforce_token_login_duration_seconds_sum", **labels) == 0.3


def test_only_the_two_hundred_busiest_hosts_are_shown() -> None:
    budgets = {f"h{number}.example.com": number / 300 for number in range(300)}
    metrics = Metrics("1")
    metrics.read_from(ScrapeSources(login_budgets=lambda: budgets))

    hosts = [
        sample.labels["host"]
        for family in families(metrics)
        for sample in family.samples
        if sample.name == "salesforce_token_login_budget_used_ratio"
    ]

    assert hosts == [f"h{number}.example.com" for number in range(299, 99, -1)]


def test_two_operators_in_one_process_count_apart() -> None:
    one, other = Metrics("1"), Metrics("1")

    one.leading(is_leader=True)

    assert value(one, "salesforce_token_leader") == 1
    assert value(other, "salesforce_token_leader") == 0
