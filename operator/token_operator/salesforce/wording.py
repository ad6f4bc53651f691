"""Foreign text made fit to be quoted: no control characters, nothing secret, not long."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

LONGEST_QUOTE: Final = 200
REMOVED: Final = "[removed]"

# What looks like an access token, a JWT, a consumer key, a refresh token, or any
# other long run without spaces; words and phrases of Salesforce stay.
_SECRET_SHAPES: Final = re.compile(
    r"00D[A-Za-z0-9]{9,15}![^\s\"']*|eyJ[A-Za-z0-9_.=-]{8,}|3MVG[A-Za-z0-9_.]+"
    r"|5Aep[A-Za-z0-9_.]+|[A-Za-z0-9+/=_.!~%-]{32,}"
)


def cleaned(text: str, secrets: Iterable[str] = ()) -> str:
    """Return *text* printable, at most 200 characters long and without *secrets*.

    Anything shaped like a token, an assertion or a key is removed as well.
    """
    # What a secret longer than the cut looks like is still removed: the cut comes last.
    text = _without(text[: 64 * LONGEST_QUOTE], secrets)
    text = "".join(c if c.isprintable() else " " for c in text)
    text = " ".join(_SECRET_SHAPES.sub(REMOVED, text).split())
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"


def _without(text: str, secrets: Iterable[str]) -> str:
    spellings = {form for secret in secrets for form in (secret, quote(secret), quote_plus(secret))}
    # The longest first, as one may be part of another.
    for spelling in sorted(filter(None, spellings), key=len, reverse=True):
        text = re.sub(re.escape(spelling), REMOVED, text, flags=re.IGNORECASE)
    return text
