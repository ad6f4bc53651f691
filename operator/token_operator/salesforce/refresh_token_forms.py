"""What else people store where a refresh token belongs, found by its form before it is sent.

An sfdxAuthUrl and a JSON answer hold a refresh token, and are refused all the same: a rotated
token is written back in place of the whole entry, which would destroy the rest of them.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final, NamedTuple

# Base64 of less may be the text of a token by chance.
_SHORTEST_ENCODED: Final = 16
_ALONE: Final = "Store the refresh token alone, as one line of text."


class Form(NamedTuple):
    """What an entry holds in place of a refresh token, and what to do about it."""

    name: str
    remedy: str = _ALONE


def _is_encoded(text: str) -> bool:
    """Whether *text* is base64 of printable text, which a random token never is."""
    try:
        decoded = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    shown = decoded.strip()
    return len(shown) >= _SHORTEST_ENCODED and shown.isascii() and shown.decode().isprintable()


# The first that fits names the form.
_FORMS: Final[tuple[tuple[Callable[[str], object], Form], ...]] = (
    (
        re.compile(r"\{\{|\$\{|<[^<>]*>$").match,
        Form("a placeholder that was not replaced", "Store the refresh token itself."),
    ),
    (
        re.compile(r"force://").match,
        Form(
            "an sfdxAuthUrl",
            "Store its refresh token alone: the part between the last ':' before the '@' and the "
            "'@'. The connection needs the consumer key and secret of the same URL.",
        ),
    ),
    (
        re.compile(r"[{\[]").match,
        Form("a JSON document", "Store the value of its member refresh_token alone."),
    ),
    (re.compile(r"(?i)bearer\s").match, Form("an authorization header")),
    (
        re.compile(r"00D[A-Za-z0-9]{12}!").match,
        Form("an access token", "Store the refresh token, which the same answer holds."),
    ),
    (re.compile(r"""(["']).*\1$""", re.DOTALL).match, Form("a value in quotation marks")),
    (
        _is_encoded,
        Form(
            "a value in base64",
            "It was encoded twice: give it under stringData, or encode it once under data.",
        ),
    ),
    (re.compile(r"\S+\s+\S").match, Form("a text with blanks or several lines")),
)


def other_form(text: str) -> Form | None:
    """Return what *text* is in place of a refresh token; None where it may be one."""
    stripped = text.strip()
    return next((form for fits, form in _FORMS if fits(stripped)), None)
