"""A setup guide read as a script: what is pasted, what is shown, and what an admin does between.

Every ``sh`` block is run. A ``text`` block behind it is what it prints: its lines in that order,
with ``…`` for what differs. ``<!-- admin: name -->`` stands for the clicks of an admin,
``<!-- developer: name -->`` for what a developer holds already.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PART: Final = re.compile(
    r"^[ ]*<!-- (?P<who>[^\n]*?) -->$|^(?P<indent>[ ]*)```(?P<kind>\w*)\n(?P<body>.*?)^[ ]*```$",
    re.MULTILINE | re.DOTALL,
)
_FILLED_IN: Final = re.compile(r"^export (?P<name>\w+)=(?P<example>.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Clicks:
    """What somebody does at this point, or has done before, outside the shell."""

    name: str


@dataclass(frozen=True, slots=True)
class Block:
    """What a reader pastes into a shell."""

    text: str

    @property
    def holes(self) -> list[str]:
        """The variables whose values the reader fills in."""
        return [found["name"] for found in _FILLED_IN.finditer(self.text)]

    def filled_in(self, values: dict[str, str]) -> str:
        """Return the block with these values (written for the shell) in place of the examples."""
        return _FILLED_IN.sub(
            lambda found: f"export {found['name']}={values[found['name']]}", self.text
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """What the block before prints."""

    text: str

    def missing_from(self, output: str) -> list[str]:
        """Return the lines that the output does not hold, in the order of the guide."""
        rest, missing = [" ".join(line.split()) for line in output.splitlines()], []
        for line in filter(None, (" ".join(line.split()) for line in self.text.splitlines())):
            pattern = re.compile(".*".join(re.escape(part) for part in line.split("…")))
            place = next((i for i, one in enumerate(rest) if pattern.fullmatch(one)), None)
            if place is None:
                missing.append(line)
            else:
                rest = rest[place + 1 :]
        return missing


Part = Clicks | Block | Shown


def parts_of(guide: Path) -> list[Part]:
    """Return what happens in a guide, in order; raise ValueError for a marker of no known form."""
    parts: list[Part] = []
    for found in _PART.finditer(guide.read_text()):
        body = _unindented(found)
        match found["who"], found["kind"]:
            case None, "sh":
                parts.append(Block(body))
            case None, "text":
                parts.append(Shown(body))
            case str(marker), _:
                parts.append(Clicks(_name_in(marker)))
            case _:
                continue
    return parts


def block_of(guide: Path, kind: str) -> str:
    """Return the only block of another kind that a guide has."""
    (body,) = (_unindented(one) for one in _PART.finditer(guide.read_text()) if one["kind"] == kind)
    return body


def _name_in(marker: str) -> str:
    who, _, name = marker.partition(": ")
    if who not in {"admin", "developer"} or not name:
        raise ValueError(f"A marker reads <!-- admin: name -->, not <!-- {marker} -->.")
    return name


def _unindented(found: re.Match[str]) -> str:
    lines = (found["body"] or "").splitlines(keepends=True)
    return "".join(line.removeprefix(found["indent"] or "") for line in lines)
