"""Who wrote which entry of a Secret, as the API server remembers it."""

from collections.abc import Mapping
from typing import Any

from token_operator.domain.merging import FieldManager


def managers_from(raw: Mapping[str, Any]) -> tuple[FieldManager, ...]:
    """Return the field managers of a raw Secret."""
    return tuple(map(_manager, raw["metadata"].get("managedFields") or ()))


def _manager(raw: Mapping[str, Any]) -> FieldManager:
    data = (raw.get("fieldsV1") or {}).get("f:data") or {}
    return FieldManager(
        name=raw.get("manager", ""),
        is_apply=raw.get("operation") == "Apply",
        entries=frozenset(one.removeprefix("f:") for one in data if one.startswith("f:")),
    )
