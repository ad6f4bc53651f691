"""The last belt against secrets in logs: what has the shape of one is taken out.

Secrets are kept out of messages where these are made; this catches a mistake, or a library.
Every pattern is linear in the length of the text and runs only where its marker is found.
"""

import re
from typing import Final

REDACTED: Final = "<redacted>"

# An access token that is no JWT: the org id, `!` (perhaps escaped), the session.
_OPAQUE_TOKEN: Final = re.compile(
    r"00D[A-Za-z0-9]{1,32}+(?:\\{0,2}!|%21|\\u0021)[\w.%/+=~\\-]*+", re.ASCII
)
# A run of words and dots; whether a JWT is in it is decided by `_without_jwt`, because a
# pattern that begins with `eyJ` would try again at each `eyJ` of a long text.
_DOTTED_RUN: Final = re.compile(r"[\w.-]++", re.ASCII)
_JWT_MARKER: Final = "eyJ"  # base64url of `{"`
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY-----.*?"
    r"(?:-----END [A-Z0-9 ]{0,32}PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
# The base64 of `-----BEGIN`, as in the data of a Secret.
_ENCODED_PEM_MARKER: Final = "LS0tLS1CRUdJTi"
_ENCODED_PEM: Final = re.compile(_ENCODED_PEM_MARKER + r"[A-Za-z0-9+/=_-]*+")


# User and password in a URL.
_URL_LOGIN: Final = re.compile(r"(://)[^/@\s'\"<>]{1,2048}+@")


def redact(text: str) -> str:
    """Return *text* with ``<redacted>`` for each token, JWT, PEM key and login in a URL."""
    if "PRIVATE KEY" in text:
        text = _PRIVATE_KEY.sub(REDACTED, text)
    if _ENCODED_PEM_MARKER in text:
        text = _ENCODED_PEM.sub(REDACTED, text)
    if "@" in text:
        text = _URL_LOGIN.sub(rf"\1{REDACTED}@", text)
    if "00D" in text:
        text = _OPAQUE_TOKEN.sub(REDACTED, text)
    if _JWT_MARKER in text:
        text = _DOTTED_RUN.sub(_without_jwt, text)
    return text


def _without_jwt(run: re.Match[str]) -> str:
    before, marker, rest = run[0].partition(_JWT_MARKER)
    has_three_parts = marker and rest.count(".") >= 2
    return f"{before}{REDACTED}" if has_three_parts else run[0]
