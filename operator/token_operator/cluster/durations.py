"""Durations and instants as Kubernetes writes them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_UNITS: Final = {
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_PART: Final = re.compile(r"(\d{1,5})(ms|h|m|s)")


def duration(text: str) -> timedelta:
    """Return a duration such as ``1h30m``; raise ValueError for anything else."""
    if not re.fullmatch(r"((\d{1,5})(ms|h|m|s)){1,4}", text):
        raise ValueError(f"{text!r} is not a duration like 30m or 1h30m")
    return sum((int(count) * _UNITS[unit] for count, unit in _PART.findall(text)), timedelta())


def instant(text: str | None) -> datetime | None:
    """Return an RFC 3339 instant, aware and in UTC; None where there is none to read."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
