"""The assertion: the signed statement of who asks for a token (RFC 7523, section 3)."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from jwt.utils import base64url_encode

from token_operator.salesforce.keys.signer import Signer

# Salesforce documents "within 3 minutes" and allows as much for clocks that differ.
LIFETIME: Final = timedelta(seconds=180)
_HEADER: Final = {"alg": "RS256", "typ": "JWT"}


async def sign_assertion(
    signer: Signer, *, consumer_key: str, username: str, audience: str, now: datetime
) -> str:
    """Return an assertion that is good for 180 s from *now*, the org's time.

    It holds iss, sub, aud and exp, and nothing else; ``aud`` is one string without a trailing
    slash, as Salesforce refuses an array. The form is JWS compact serialization (RFC 7515,
    section 3.1), which PyJWT makes for keys in memory only (docs/decisions/0011). Raises what
    the signer raises.
    """
    claims = {
        "iss": consumer_key,
        "sub": username,
        "aud": audience.rstrip("/"),
        "exp": int((now + LIFETIME).timestamp()),
    }
    signing_input = _segment(_HEADER) + b"." + _segment(claims)
    signature = await signer.sign(signing_input)
    return (signing_input + b"." + base64url_encode(signature)).decode()


def _segment(members: Mapping[str, object]) -> bytes:
    return base64url_encode(json.dumps(members, separators=(",", ":")).encode())
