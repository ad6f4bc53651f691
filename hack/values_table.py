"""The table of a chart's values, made from the comments of its values.yaml.

The comment right above a value describes it. A map whose members have comments is a group;
one whose members have none is one value.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value or group, as values.yaml says it; a group has no default."""

    path: str
    comment: str
    default: str | None

    def row(self) -> str:
        """Return the row of the table."""
        default = "" if self.default is None else f"`{self.default}`"
        return f"| `{self.path}` | {default} | {self.comment} |"


def values_table(text: str) -> str:
    """Return the table of a values.yaml in Markdown."""
    rows = [one.row() for one in values_in(text) if one.comment]
    return "\n".join(["| value | default | what it is |", "|---|---|---|", *rows])


def values_in(text: str) -> list[Value]:
    """Return all values and groups of a values.yaml in their order."""
    root = yaml.compose(text)
    if not isinstance(root, yaml.MappingNode):
        raise TypeError("values.yaml holds no map.")
    return list(_below(root, yaml.safe_load(text), "", text.splitlines()))


def _below(
    node: yaml.MappingNode, content: dict[str, Any], prefix: str, lines: Sequence[str]
) -> Iterator[Value]:
    for key, value in node.value:
        path, inner = f"{prefix}{key.value}", content[key.value]
        comment = _comment_above(key.start_mark.line, lines)
        if not isinstance(value, yaml.MappingNode) or not _is_group(value, lines):
            yield Value(path=path, comment=comment, default=json.dumps(inner))
            continue
        yield Value(path=path, comment=comment, default=None)
        yield from _below(value, inner, f"{path}.", lines)


def _is_group(node: yaml.MappingNode, lines: Sequence[str]) -> bool:
    return any(_comment_above(key.start_mark.line, lines) for key, _ in node.value)


def _comment_above(line: int, lines: Sequence[str]) -> str:
    indent = lines[line][: len(lines[line]) - len(lines[line].lstrip())]
    comment: list[str] = []
    while line and lines[line - 1].startswith(f"{indent}#"):
        line -= 1
        comment.insert(0, lines[line].strip("# "))
    return " ".join(comment)
