"""The JSON of an answer, read without trust in its form."""

import json
import re
from collections.abc import Mapping

from token_operator.salesforce.transport import Answer


def object_in(answer: Answer) -> Mapping[str, object] | None:
    """Return the JSON object in the body; None where there is none."""
    found = _json_in(answer)
    return found if isinstance(found, dict) else None


def objects_in(answer: Answer) -> list[Mapping[str, object]]:
    """Return the JSON objects of the array in the body; none where there is no array."""
    found = _json_in(answer)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def text_of(found: Mapping[str, object], name: str) -> str:
    """Return the member *name* if it is a string, else an empty one."""
    value = found.get(name)
    return value if isinstance(value, str) else ""


def seconds_of(found: Mapping[str, object], name: str) -> float:
    """Return the member *name*, a number or a string of digits, as seconds; else 0."""
    value = found.get(name)
    if isinstance(value, str) and re.fullmatch("[0-9]{1,12}", value):
        return float(value)
    # bool is an int. Infinity and numbers beyond 64 bits are no seconds.
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 2**63:
        return float(value)
    return 0.0


def _json_in(answer: Answer) -> object:
    try:
        found: object = json.loads(answer.body)
    except (ValueError, RecursionError):  # also what is not UTF-8
        return None
    return found
