"""Who wrote what of a Secret, as the API server remembers it."""

from collections.abc import Mapping
from typing import Any

from token_operator.domain.targets.secret import FieldManager


def managers_from(raw: Mapping[str, Any]) -> tuple[FieldManager, ...]:
    """Return the field managers of a raw Secret."""
    return tuple(map(_manager, raw["metadata"].get("managedFields") or ()))


def _manager(raw: Mapping[str, Any]) -> FieldManager:
    fields = raw.get("fieldsV1") or {}
    metadata = fields.get("f:metadata") or {}
    return FieldManager(
        name=raw.get("manager", ""),
        is_apply=raw.get("operation") == "Apply",
        entries=_names(fields.get("f:data")),
        labels=_names(metadata.get("f:labels")),
        annotations=_names(metadata.get("f:annotations")),
    )


def _names(fields: Mapping[str, Any] | None) -> frozenset[str]:
    return frozenset(one.removeprefix("f:") for one in fields or () if one.startswith("f:"))
