"""Secrets that a test planted, and the search for them in everything that the operator says."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from support.operator_process import OperatorProcess
from support.stage import Stage

# A line of a PEM is 64 characters long; a piece of it betrays as much.
_PIECE = 20
# Nothing that looks like this is anybody's business: an assertion, a token.
_SHAPES = (
    re.compile(r"eyJ[A-Za-z0-9_-]{10,}"),
    re.compile(r"00D[A-Za-z0-9]{12}![A-Za-z0-9._]{4,}"),
    re.compile(r"PRIVATE KEY-----[\\nr\s]*[A-Za-z0-9+/]{8}"),
)


@dataclass(slots=True)
class Planted:
    """The values that must not show; `name` tells which one did without showing it."""

    values: dict[str, str] = field(default_factory=dict, repr=False)

    def value(self, name: str, value: str) -> str:
        """Remember a value, and return it."""
        self.values[name] = value
        return value

    def private_key(self, name: str, pem: str) -> str:
        """Remember every piece of a private key, and return the key."""
        for number, line in enumerate(pem.strip().splitlines()[1:-1]):
            for start in range(0, len(line) - _PIECE + 1, _PIECE):
                self.values[f"{name}, line {number}"] = line[start : start + _PIECE]
        return pem

    def found_in(self, text: str) -> list[str]:
        """Return the names of what shows in a text."""
        shown = [name for name, value in self.values.items() if value and value in text]
        return shown + [shape.pattern for shape in _SHAPES if shape.search(text)]


def everything_said(stage: Stage, operator: OperatorProcess, names: Iterable[str]) -> str:
    """Return logs, metrics, and the Events and statuses of these connections, as one text."""
    said = [operator.text(), operator.metrics()]
    for name in names:
        connection = stage.connection(name)
        said.append(json.dumps(connection.get("status")))
        said.append(json.dumps(connection["metadata"]))
        said.append(json.dumps(stage.events(name)))
    return "\n".join(said)
