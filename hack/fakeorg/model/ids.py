"""Salesforce record ids, consumer keys and opaque access tokens."""

import hashlib
import secrets
import string
from typing import Final

_BASE62: Final = string.ascii_uppercase + string.ascii_lowercase + string.digits
_CHECKSUM: Final = string.ascii_uppercase + "012345"
_TOKEN: Final = string.ascii_letters + string.digits + "._"


def id_of(prefix: str, *names: str) -> str:
    """Return the 18-character id with this key prefix; the same names give the same id."""
    short = prefix + derived("/".join(names), 15 - len(prefix))
    return short + checksum(short)


def checksum(short: str) -> str:
    """Return the three characters that make a 15-character id safe to compare without case."""
    blocks = (short[start : start + 5] for start in (0, 5, 10))
    return "".join(_CHECKSUM[_upper_case_bits(block)] for block in blocks)


def derived(text: str, length: int) -> str:
    """Return letters and digits that depend on nothing but the text."""
    digest = hashlib.shake_256(text.encode()).digest(length)
    return "".join(_BASE62[byte % 62] for byte in digest)


def consumer_key_of(*names: str) -> str:
    """Return a consumer key of the usual look."""
    return "3MVG9" + derived("/".join(names), 80)


def opaque_token(org_id: str) -> str:
    """Return a new access token: the 15-character org id, `!` and 96 random characters."""
    return org_id[:15] + "!" + "".join(secrets.choice(_TOKEN) for _ in range(96))


def new_refresh_token() -> str:
    """Return a new refresh token of the usual look."""
    return "5Aep861" + "".join(secrets.choice(_TOKEN) for _ in range(80))


def new_authorization_code() -> str:
    """Return a new authorization code, which ends with characters that a URL must escape."""
    return "aPrx" + "".join(secrets.choice(_TOKEN) for _ in range(82)) + "=="


def _upper_case_bits(block: str) -> int:
    return sum(1 << place for place, letter in enumerate(block) if letter in string.ascii_uppercase)
