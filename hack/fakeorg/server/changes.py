"""Changes that arrive as JSON, checked and given the types of what they change."""

from datetime import timedelta


class ChangeError(Exception):
    """A change that names something that is not there, or has the wrong form."""


def typed(target: object, changes: dict[str, object]) -> dict[str, object]:
    """Return the changes with the types that the attributes of the target have now."""
    unknown = [name for name in changes if name.startswith("_") or not hasattr(target, name)]
    if unknown:
        message = f"unknown: {', '.join(unknown)}"
        raise ChangeError(message)
    return {name: _like(getattr(target, name), value) for name, value in changes.items()}


def apply(target: object, changes: dict[str, object]) -> None:
    """Set the attributes of the target."""
    for name, value in typed(target, changes).items():
        setattr(target, name, value)


def _like(current: object, value: object) -> object:
    """Return the value as its predecessor's type: seconds become a duration, a list a tuple."""
    if isinstance(current, timedelta):
        if isinstance(value, bool) or not isinstance(value, int | float):
            message = "a duration is a number of seconds"
            raise ChangeError(message)
        return timedelta(seconds=value)
    if isinstance(current, tuple | frozenset):
        if not isinstance(value, list):
            message = "a list is needed"
            raise ChangeError(message)
        return type(current)(str(item) for item in value)
    return value
