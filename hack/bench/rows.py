"""The rows of the table: what was measured, and what it was to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_HEADINGS: Final = ("", "measured", "hold", "aim", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured number; *hold* and *aim* are the design's, for 5,000 connections."""

    name: str
    value: float
    hold: str = ""
    aim: str = ""
    note: str = ""

    @property
    def shown(self) -> str:
        """The number with three significant digits, or none after the point where it is large."""
        return f"{self.value:,.0f}" if self.value >= 100 else f"{self.value:.3g}"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table in Markdown, its columns aligned."""
    cells = [_HEADINGS, *((row.name, row.shown, row.hold, row.aim, row.note) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADINGS))]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_line(line, widths) for line in (cells[0], rule, *cells[1:]))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of the values lies, by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
