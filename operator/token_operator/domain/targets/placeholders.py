"""The placeholders that a target may show, and how a text is filled with them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from token_operator.domain.failures import SpecInvalidError

PLACEHOLDERS: Final = (
    "access_token",
    "instance_url",
    "instance_host",
    "token_type",
    "org_id",
    "user_id",
    "username",
    "scope",
    "issued_at",
    "expires_at",
    "api_version",
    "identity_url",
    "community_url",
    "api_instance_url",
    "login_url",
)
_PLACEHOLDER: Final = re.compile(r"\$(?:(\$)|\{([^}]*)\}|)")


@dataclass(frozen=True, slots=True)
class Values:
    """The value of each placeholder; empty where Salesforce gave none."""

    by_name: Mapping[str, str] = field(repr=False)

    def __getitem__(self, name: str) -> str:
        """Return the value of one placeholder."""
        return self.by_name[name]


def fill(template: str, values: Values) -> str:
    """Return *template* with its placeholders replaced; ``$$`` is a dollar sign.

    Raise SpecInvalidError for a placeholder that does not exist, and for a dollar sign alone.
    """

    def replaced(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        if found[2] not in PLACEHOLDERS:
            what = "A dollar sign begins no placeholder."
            if found[2] is not None:
                what = f"Unknown placeholder ${{{found[2][:64]}}}."
            raise SpecInvalidError(
                what,
                remedy=f"Known are: {' '.join(PLACEHOLDERS)}; write $$ for a dollar sign.",
            )
        return values[found[2]]

    return _PLACEHOLDER.sub(replaced, template)
