"""The assertion: the signed statement of who asks for a token (RFC 7523, section 3)."""

from datetime import datetime, timedelta
from typing import Final

import jwt

from token_operator.salesforce.keys import SigningKey

# Salesforce documents "within 3 minutes" and allows as much for clocks that differ.
LIFETIME: Final = timedelta(seconds=180)


def sign_assertion(
    key: SigningKey, *, consumer_key: str, username: str, audience: str, now: datetime
) -> str:
    """Return an assertion that is good for 180 s from *now*, the org's time.

    It holds iss, sub, aud and exp, and nothing else; ``aud`` is one string without a
    trailing slash, as Salesforce refuses an array.
    """
    claims = {
        "iss": consumer_key,
        "sub": username,
        "aud": audience.rstrip("/"),
        "exp": int((now + LIFETIME).timestamp()),
    }
    return jwt.encode(claims, key.private_key(), algorithm="RS256")
