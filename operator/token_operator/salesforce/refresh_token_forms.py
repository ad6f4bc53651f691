"""What else people store where a refresh token belongs, found by its form before it is sent.

An sfdxAuthUrl and a JSON answer hold a refresh token, and are refused all the same: a rotated
token is written back in place of the whole entry, which would destroy the rest of them.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from token_operator.domain.unrendered import what_is_unrendered

_ALONE: Final = "Store the refresh token alone, as one line of text."


class Form(NamedTuple):
    """What an entry holds in place of a refresh token, and what to do about it."""

    name: str
    remedy: str = _ALONE


# The first that fits names the form.
_FORMS: Final[tuple[tuple[Callable[[str], object], Form], ...]] = (
    (
        re.compile(r"<[^<>]*>$").match,
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
    (
        re.compile(r"00D[A-Za-z0-9]{12}!").match,
        Form("an access token", "Store the refresh token, which the same answer holds."),
    ),
    (re.compile(r"""(["']).*\1$""", re.DOTALL).match, Form("a value in quotation marks")),
    (re.compile(r"\S+\s+\S").match, Form("a text with blanks or several lines")),
)


def other_form(text: str) -> Form | None:
    """Return what *text* is in place of a refresh token; None where it may be one."""
    stripped = text.strip()
    # Tools that encode break long lines.
    fault = what_is_unrendered(stripped) or what_is_unrendered("".join(stripped.split()))
    if fault is not None:
        return Form(*fault)
    return next((form for fits, form in _FORMS if fits(stripped)), None)
