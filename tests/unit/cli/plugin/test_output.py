"""How instants and tables look, and the report of a connection."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.crd_samples import A_STATUS, a_minimal_connection
from token_operator.cli.plugin.output import dated, relative, span, table
from token_operator.cli.plugin.remedies import remedy_for
from token_operator.cli.plugin.status.report import is_ready, report, table_of
from token_operator.domain.failures import UserNotApprovedError
from token_operator.salesforce.redirect_errors import ApprovalDeniedError

NOW = datetime(2026, 11, 23, 12, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(), "0s"),
        (timedelta(seconds=45), "45s"),
        (timedelta(minutes=34, seconds=2), "34m2s"),
        (timedelta(hours=3, minutes=12, seconds=9), "3h12m"),
        (timedelta(hours=3, seconds=9), "3h"),
        (timedelta(days=400, hours=5), "400d5h"),
        (timedelta(days=365_000), "365000d"),
    ],
)
def test_span_is_told_in_its_two_largest_units(duration: timedelta, text: str) -> None:
    assert span(duration) == text


def test_instants_are_told_by_their_distance() -> None:
    assert relative(NOW + timedelta(minutes=5), NOW) == "in 5m"
    assert relative(NOW - timedelta(minutes=5), NOW) == "5m ago"
    assert relative(None, NOW) == "-"
    assert dated(NOW, NOW) == "2026-11-23T12:10:00Z (0s ago)"


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table(("A", "B"), [("long", "x"), ("", "y")]) == "A      B\nlong   x\n-      y"


def a_connection(**status: Any) -> dict[str, Any]:
    raw = a_minimal_connection()
    raw["metadata"] |= {"namespace": "shop", "generation": 3}
    raw["status"] = A_STATUS | status
    return raw


def test_row_tells_everything_by_its_distance() -> None:
    _, row = table_of([a_connection()], NOW).splitlines()

    cells = " ".join(row.split())
    assert cells == (
        "shop crm True TokenCurrent https://acme.my.salesforce.com in 50m in 24m12s in 364d23h"
    )


def test_report_tells_the_failure_its_remedy_and_how_long_the_token_is_safe() -> None:
    text = report(a_connection(), [], NOW)

    assert "shop/crm: Ready (TokenCurrent)" in text
    assert "Failure: SalesforceUnavailable (Transient)" in text
    assert "Remedy: The operator retries automatically" in text
    assert "Token safe until: 2026-11-23T12:00:00Z (10m ago)" in text


@pytest.mark.parametrize(
    ("audience", "is_told"), [("https://acme.my.salesforce.com", True), ("", False)]
)
def test_report_tells_the_audience_of_the_grant_that_has_one(audience: str, is_told: bool) -> None:
    lines = report(a_connection(auth={"grant": "JWTBearer", "audience": audience}), [], NOW)

    assert "Login: JWTBearer\n" in lines
    assert (f"  Audience: {audience}\n" in lines) is is_told


def test_report_of_a_new_spec_says_that_nobody_has_looked_at_it() -> None:
    raw = a_connection(observedGeneration=2)

    assert not is_ready(raw)
    assert "has not yet observed the current spec" in report(raw, [], NOW)


def test_connection_without_a_status_is_not_ready() -> None:
    raw = a_connection()
    del raw["status"]

    assert not is_ready(raw)
    assert report(raw, [], NOW).startswith("shop/crm: not yet observed by an operator")
    assert "Unknown   NotYetSeen" in table_of([raw], NOW)


@pytest.mark.parametrize("reason", ["UserNotApproved", "SignatureRejected", "TargetNotOwned"])
def test_remedy_is_known_by_the_reason(reason: str) -> None:
    assert remedy_for(reason)


def test_remedy_of_the_general_failure_counts() -> None:
    # ApprovalDeniedError has the same reason, and a remedy of its own.
    assert issubclass(ApprovalDeniedError, UserNotApprovedError)
    assert remedy_for("UserNotApproved") == UserNotApprovedError.remedy


def test_unknown_reason_has_no_remedy() -> None:
    assert remedy_for("Nonsense") == ""
