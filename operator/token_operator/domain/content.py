"""What a target Secret holds: presets and placeholders."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from token_operator.domain.connection import Connection, Preset, Target
from token_operator.domain.failures import EntryConflictError, SpecInvalidError
from token_operator.domain.life import HeldToken, shown_expiry, whole_second

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
PRESET_ENTRIES: Final[Mapping[Preset, tuple[str, ...]]] = {
    Preset.DEFAULT: (
        "access_token",
        "instance_url",
        "token_type",
        "org_id",
        "user_id",
        "username",
        "scope",
        "issued_at",
        "expires_at",
        "api_version",
    ),
}
_PLACEHOLDER: Final = re.compile(r"\$(?:(\$)|\{([^}]*)\})")


def rfc3339(instant: datetime) -> str:
    """Return *instant* in UTC as RFC 3339 with whole seconds, e.g. ``2026-11-23T10:00:00Z``."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Values:
    """The value of each placeholder; empty where Salesforce gave none."""

    by_name: Mapping[str, str] = field(repr=False)

    def __getitem__(self, name: str) -> str:
        """Return the value of one placeholder."""
        return self.by_name[name]


def values_of(held: HeldToken, connection: Connection, api_version: str) -> Values:
    """Return what the placeholders stand for."""
    token = held.token
    return Values(
        {
            "access_token": token.value,
            "instance_url": token.instance_url,
            "instance_host": urlsplit(token.instance_url).netloc,
            "token_type": token.token_type,
            "org_id": token.org_id,
            "user_id": token.user_id,
            "username": connection.auth.username or token.username,
            "scope": " ".join(token.scopes),
            "issued_at": rfc3339(whole_second(held.issued_at)),
            "expires_at": rfc3339(whole_second(shown_expiry(held, connection.token))),
            "api_version": api_version,
            "identity_url": token.identity_url,
            "community_url": token.community_url,
            "api_instance_url": token.api_instance_url,
            "login_url": connection.org.login_url,
        }
    )


def fill(template: str, values: Values) -> str:
    """Return *template* with its placeholders replaced; ``$$`` is a dollar sign.

    Raise SpecInvalidError for a placeholder that does not exist.
    """

    def replaced(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        if found[2] not in PLACEHOLDERS:
            raise SpecInvalidError(
                f"Unknown placeholder ${{{found[2][:64]}}}.",
                remedy=f"Known are: {' '.join(PLACEHOLDERS)}; write $$ for a dollar sign.",
            )
        return values[found[2]]

    return _PLACEHOLDER.sub(replaced, template)


def presets_of(target: Target) -> tuple[Preset, ...]:
    """Return the presets that hold: those given, else Default where there is no data."""
    if target.presets or target.data:
        return target.presets
    return (Preset.DEFAULT,)


def entries_for(target: Target, values: Values) -> dict[str, str]:
    """Return the entries of *target*.

    Raise EntryConflictError where presets or data give one entry different content.
    """
    entries: dict[str, str] = {}
    for preset in presets_of(target):
        for name in PRESET_ENTRIES.get(preset, ()):
            if values[name]:
                entries[name] = values[name]
    for name, template in target.data:
        content = fill(template, values)
        if entries.get(name, content) != content:
            raise EntryConflictError(
                f"Target {target.secret_name}: entry {name} of data differs from the same entry "
                "of a preset."
            )
        entries[name] = content
    return entries


def shows_expiry(target: Target) -> bool:
    """Whether some entry of *target* changes when only the expiry does."""
    if Preset.DEFAULT in presets_of(target):
        return True
    return any("${expires_at}" in template.replace("$$", "") for _, template in target.data)
