"""Durations and instants as Kubernetes writes them."""

from datetime import UTC, datetime, timedelta

import pytest

from token_operator.cluster.durations import duration, instant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", timedelta(minutes=30)),
        ("1h30m", timedelta(minutes=90)),
        ("1h2m3s4ms", timedelta(hours=1, minutes=2, seconds=3, milliseconds=4)),
        ("0s", timedelta()),
        ("90s", timedelta(seconds=90)),
    ],
)
def test_duration_is_read(text: str, expected: timedelta) -> None:
    assert duration(text) == expected


@pytest.mark.parametrize("text", ["", "5", "1.5h", "-1s", "1d", "1h ", "999999s", "1h2m3s4ms5s"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        duration(text)


@pytest.mark.parametrize("text", ["2026-11-23T12:00:00Z", "2026-11-23T13:00:00+01:00"])
def test_instant_is_read_in_utc(text: str) -> None:
    assert instant(text) == datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", [None, "", "soon", "2026-13-01T00:00:00Z"])
def test_instant_that_cannot_be_read_is_none(text: str | None) -> None:
    assert instant(text) is None


def test_instant_at_the_end_of_time_is_none() -> None:
    assert instant("9999-12-31T23:59:59-10:00") is None
