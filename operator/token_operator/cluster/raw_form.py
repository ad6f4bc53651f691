"""Frozen dataclasses, to the raw form that a resource holds and back.

The name of a member follows from the name of its field (``issued_at`` is ``issuedAt``,
``org_id`` is ``orgID``); a field whose member has another name or stands deeper gives the path
in its metadata (``{"path": "activeKey.entry"}``). How a member is written and read follows from
the type of its field: text, numbers, instants (RFC 3339), names of a StrEnum, dataclasses,
tuples of these (lists), and tuples of pairs of text (maps). Instants are shown by the wall
clock and held on the operator's timeline; ``{"absolute": ...}`` leaves one as it is.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from token_operator.cluster.durations import instant
from token_operator.domain.instants import rfc3339
from token_operator.domain.timeline import UNMOVED, Timeline

Raw = Mapping[str, Any]
_INITIALISMS: Final = frozenset({"api", "id", "url"})
_MAP: Final = tuple[tuple[str, str], ...]
T = TypeVar("T")


def raw_from(value: Any, timeline: Timeline) -> dict[str, Any]:
    """Return the raw form of a dataclass, without nulls: what is empty is left out.

    A field whose metadata say ``{"empty": "shown"}`` is written even when it is empty.
    """
    raw: dict[str, Any] = {}
    for one in fields(value):
        content = _raw(getattr(value, one.name), _timeline_of(one, timeline))
        if content in (None, "", [], {}) and not ("empty" in one.metadata and content is not None):
            continue
        *folders, name = _path(one)
        place = raw
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = content
    return raw


def _raw(value: Any, timeline: Timeline) -> Any:
    match value:
        case datetime():
            return rfc3339(timeline.shown(value))
        case StrEnum():
            return value.value
        case (tuple(), *_):
            return dict(value)
        case tuple():
            return [_raw(one, timeline) for one in value]
        case _ if is_dataclass(value):
            return raw_from(value, timeline)
        case _:
            return value


def value_from(kind: type[T], raw: Any, timeline: Timeline) -> T | None:
    """Return the *kind* of dataclass that *raw* holds; None where it holds none.

    What cannot be read is taken as absent: a field takes its default, and without a default
    the whole value is absent.
    """
    if not isinstance(raw, Mapping) or not raw:
        return None
    values: dict[str, Any] = {}
    members: Any = kind
    for one, hint in _fields_of(members):
        found = _read(hint, _member(raw, _path(one)), _timeline_of(one, timeline))
        if found is not None:
            values[one.name] = found
        elif one.default is MISSING:
            return None
    return kind(**values)


@cache
def _fields_of(kind: type[Any]) -> tuple[tuple[Field[Any], Any], ...]:
    hints = get_type_hints(kind)
    return tuple((one, _without_none(hints[one.name])) for one in fields(kind))


def _without_none(hint: Any) -> Any:
    if not isinstance(hint, UnionType):
        return hint
    return next(one for one in get_args(hint) if one is not type(None))


def _read(hint: Any, raw: Any, timeline: Timeline) -> Any:
    """Return the value of this type; None where *raw* holds none."""
    if hint == _MAP:
        return _pairs(raw)
    if get_origin(hint) is tuple:
        return _items(get_args(hint)[0], raw, timeline)
    is_nested = isinstance(hint, type) and is_dataclass(hint)
    return value_from(hint, raw, timeline) if is_nested else _scalar(hint, raw, timeline)


def _scalar(hint: type[Any], raw: Any, timeline: Timeline) -> Any:
    if hint is int:  # counts; -1 stands for a resource that was not looked at yet
        return raw if isinstance(raw, int) and raw >= 0 else None
    if not isinstance(raw, str):
        return None
    if hint is datetime:
        at = instant(raw)
        return None if at is None else timeline.read(at)
    if issubclass(hint, StrEnum):
        return hint(raw) if raw in set(hint) else None
    return raw


def _timeline_of(one: Field[Any], timeline: Timeline) -> Timeline:
    """Return the timeline of a field: an instant that others have set is not converted."""
    return UNMOVED if "absolute" in one.metadata else timeline


def _items(kind: Any, raw: Any, timeline: Timeline) -> tuple[Any, ...] | None:
    if not isinstance(raw, list):
        return None
    found = (_read(kind, one, timeline) for one in raw)
    return tuple(one for one in found if one is not None)


def _pairs(raw: Any) -> tuple[tuple[str, str], ...] | None:
    if not isinstance(raw, Mapping):
        return None
    return tuple(sorted((name, text) for name, text in raw.items() if isinstance(text, str)))


def _member(raw: Raw, path: tuple[str, ...]) -> Any:
    found: Any = raw
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


@cache
def _path_of(name: str) -> tuple[str, ...]:
    first, *words = name.split("_")
    return (first + "".join(_word(word) for word in words),)


def _word(word: str) -> str:
    return word.upper() if word in _INITIALISMS else word.capitalize()


def _path(one: Field[Any]) -> tuple[str, ...]:
    path: str | None = one.metadata.get("path")
    return _path_of(one.name) if path is None else tuple(path.split("."))
