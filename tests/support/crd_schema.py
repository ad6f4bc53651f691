"""The schema of SalesforceConnection as facts: its fields, rules, bounds and defaults.

A path names a field as the API server does, with [0] for any item of a list and
.x for any entry of a map.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

_FILE = Path(__file__).parents[2] / "crds" / "salesforce-token.dev_salesforceconnections.yaml"
_LIMITS: Final = (
    "enum",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "maxProperties",
)
Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit that the schema itself sets to one field."""

    path: str
    keyword: str
    limit: Any

    def __str__(self) -> str:
        return f"{self.path} {self.keyword}"


def definition() -> Schema:
    """Return the whole definition."""
    document: Schema = yaml.safe_load(_FILE.read_text())
    return document


def root() -> Schema:
    """Return the schema of the one version."""
    schema: Schema = definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def fields() -> Iterator[tuple[str, Schema]]:
    """Return every field that has a name, with its path."""
    return ((path, each) for path, each in _nodes("", root()) if not path.endswith(("]", ".x")))


def rules() -> Iterator[tuple[str, str]]:
    """Return the field that each CEL rule speaks of, and its message."""
    for path, schema in _nodes("", root()):
        for rule in schema.get("x-kubernetes-validations", []):
            yield path + rule.get("fieldPath", ""), rule["message"]


def defaults() -> Iterator[tuple[str, Any]]:
    """Return every default."""
    return ((path, each["default"]) for path, each in _nodes("", root()) if "default" in each)


def bounds() -> Iterator[Bound]:
    """Return every bound of the spec and the status."""
    for path, schema in _nodes("", root()):
        for keyword in _LIMITS:
            if keyword in schema:
                yield Bound(path, keyword, schema[keyword])
        if schema.get("format") == "date-time":
            yield Bound(path, "format", "date-time")
        if "x-kubernetes-list-type" in schema and schema["x-kubernetes-list-type"] != "atomic":
            yield Bound(path, "unique", None)
        for name in schema.get("required", []):
            yield Bound(f"{path}.{name}".lstrip("."), "required", None)


def _nodes(path: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from _nodes(f"{path}.{name}".lstrip("."), child)
    if "items" in schema:
        yield from _nodes(f"{path}[0]", schema["items"])
    if "additionalProperties" in schema:
        yield from _nodes(f"{path}.x", schema["additionalProperties"])
