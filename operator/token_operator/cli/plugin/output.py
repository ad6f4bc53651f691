"""How instants, tables and paragraphs look in a terminal."""

import textwrap
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from token_operator.domain.instants import rfc3339

_WIDTH: Final = 100
_NONE: Final = "-"
_UNITS: Final = (
    ("d", timedelta(days=1)),
    ("h", timedelta(hours=1)),
    ("m", timedelta(minutes=1)),
    ("s", timedelta(seconds=1)),
)


def span(duration: timedelta) -> str:
    """Return the length of *duration* in its two largest units, such as ``3h12m`` or ``45s``."""
    rest, parts = abs(duration), list[str]()
    for unit, length in _UNITS:
        count, rest = divmod(rest, length)
        if count or parts:
            parts.append(f"{count}{unit}" if count else "")
        if len(parts) == 2:
            break
    return "".join(parts) or "0s"


def relative(instant: datetime | None, now: datetime) -> str:
    """Return how far *instant* is: ``in 34m`` or ``5m ago``; ``-`` where there is none."""
    if instant is None:
        return _NONE
    return f"in {span(instant - now)}" if instant > now else f"{span(now - instant)} ago"


def dated(instant: datetime | None, now: datetime) -> str:
    """Return *instant* with how far it is."""
    return _NONE if instant is None else f"{rfc3339(instant)} ({relative(instant, now)})"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return *rows* in columns under *header*, as kubectl prints them."""
    lines = [header, *[[cell or _NONE for cell in row] for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def indented(text: str, indent: str = "    ") -> str:
    """Return *text* wrapped, every line behind *indent*; long words such as URLs stay whole."""
    return textwrap.fill(
        text,
        width=_WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
