"""What an access token in the format of a JWT says of itself: unverified, for scheduling only."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

# More than any instant has, and few enough to be read as a number in no time.
_DIGITS: Final = 12
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


def claims_of(token: str) -> Mapping[str, object]:
    """Return the claims of *token* (RFC 7519); none where it is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims: object = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def claimed_expiry(token: str) -> datetime | None:
    """Return when *token* says that it ends, in the org's time; None where it does not."""
    ends = _instant(token, "exp")
    return None if ends is None else datetime.fromtimestamp(ends, UTC)


def claimed_life(token: str) -> timedelta | None:
    """Return how long *token* says that it lives from its issue on; None where it does not."""
    begins, ends = _instant(token, "iat"), _instant(token, "exp")
    if begins is None or ends is None or begins >= ends:
        return None
    return timedelta(seconds=ends - begins)


def _instant(token: str, claim: str) -> float | None:
    """Return a NumericDate (RFC 7519, section 2); None for anything else."""
    value = claims_of(token).get(claim)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _DIGITS:
        value = int(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 < value <= _LATEST else None
