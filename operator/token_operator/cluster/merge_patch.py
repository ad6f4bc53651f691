"""The JSON merge patch that makes one raw form of another (RFC 7396)."""

from collections.abc import Mapping
from typing import Any, Final

Raw = Mapping[str, Any]
# Differs from whatever a member may be.
_UNKNOWN: Final = object()


def merge_patch(before: Raw, after: Raw) -> dict[str, Any]:
    """Return what changes *before* into *after*: empty where they are the same.

    Only changed members are in it, null for those that are gone; lists are replaced whole.
    *after* holds no null.
    """
    patch: dict[str, Any] = dict.fromkeys(name for name in before if name not in after)
    for name, value in after.items():
        was = before.get(name)
        if isinstance(was, Mapping) and isinstance(value, Mapping):
            if was != value:
                patch[name] = merge_patch(was, value)
        elif was != value:
            patch[name] = value
    return patch


def either(one: Raw, other: Raw) -> dict[str, Any]:
    """Return the members of both with unknown content: a patch upon it sets all and clears all.

    This is for a resource of which it is not known whether it is the *one* or the *other*.
    """
    names = [*one, *(name for name in other if name not in one)]
    return {name: _either(one.get(name), other.get(name)) for name in names}


def _either(one: Any, other: Any) -> Any:
    maps = [value for value in (one, other) if isinstance(value, Mapping)]
    members = either(maps[0], maps[-1]) if maps else {}
    # Without members it may not be there at all.
    return members or _UNKNOWN
