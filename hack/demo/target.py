"""What is shown of a target and of an org's answer: short, and without the token."""

import json
import re
from typing import Final

_TOKEN_LINE: Final = re.compile(r"^(access_token: .{15}).*$", re.MULTILINE)
_LONGEST: Final = 100
_ANNOTATION: Final = "salesforce-token.dev/fingerprint"


def entries_shown(entries: str) -> str:
    """Return lines `entry: value` with all but the org's id in the token left out."""
    return _TOKEN_LINE.sub(r"\1!... (redacted)", entries)


def shortened(answer: str) -> str:
    """Return the beginning of an answer."""
    return answer if len(answer) <= _LONGEST else f"{answer[:_LONGEST]} ..."


def fingerprint(secret: str) -> str:
    """Return the fingerprint of the token in a target (JSON), empty if there is none."""
    if not secret:
        return ""
    annotations: dict[str, str] = json.loads(secret)["metadata"].get("annotations", {})
    return annotations.get(_ANNOTATION, "")
