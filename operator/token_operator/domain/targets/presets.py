"""What each preset writes: entries that a well-known client reads as they are."""

import json
from collections.abc import Callable, Mapping
from typing import Final

from token_operator.domain.connection import Preset
from token_operator.domain.targets.placeholders import PLACEHOLDERS, Values

Render = Callable[[Values], str]


def _plain(*names: str) -> dict[str, Render]:
    """Return entries that are called as the placeholders they hold."""
    return {name: _value(name) for name in names}


def _value(name: str) -> Render:
    return lambda values: values[name]


def _after(prefix: str, name: str) -> Render:
    return lambda values: f"{prefix}{values[name]}" if values[name] else ""


_ENVIRONMENT: Final[Mapping[str, str]] = {
    "SALESFORCE_ACCESS_TOKEN": "access_token",
    "SALESFORCE_INSTANCE_URL": "instance_url",
    "SALESFORCE_API_VERSION": "api_version",
}
_JSFORCE: Final[Mapping[str, str]] = {
    "accessToken": "access_token",
    "instanceUrl": "instance_url",
    "version": "api_version",
}


def quoted(text: str) -> str:
    """Return *text* in single quotes, in which neither a shell nor a dotenv reader expands."""
    escaped = text.replace("'", "'\\''")
    return f"'{escaped}'"


def _dot_env(values: Values) -> str:
    lines = [f"{name}={quoted(values[of])}\n" for name, of in _ENVIRONMENT.items() if values[of]]
    return "".join(lines)


def _json_object(members: Mapping[str, str]) -> Render:
    def render(values: Values) -> str:
        given = {name: values[of] for name, of in members.items() if values[of]}
        return json.dumps(given, ensure_ascii=False)

    return render


PRESET_ENTRIES: Final[Mapping[Preset, Mapping[str, Render]]] = {
    Preset.DEFAULT: _plain(
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
    Preset.ENVIRONMENT: {name: _value(of) for name, of in _ENVIRONMENT.items()},
    Preset.SALESFORCE_CLI: {
        "SF_ACCESS_TOKEN": _value("access_token"),
        "SF_ORG_INSTANCE_URL": _value("instance_url"),
        "SF_INSTANCE_URL": _value("instance_url"),
        "SF_ORG_API_VERSION": _value("api_version"),
    },
    Preset.SIMPLE_SALESFORCE: {
        "session_id": _value("access_token"),
        "instance_url": _value("instance_url"),
        "instance": _value("instance_host"),
    },
    Preset.JSFORCE: {"salesforce.json": _json_object(_JSFORCE)},
    Preset.PUB_SUB: {
        "accesstoken": _value("access_token"),
        "instanceurl": _value("instance_url"),
        "tenantid": _value("org_id"),
    },
    Preset.HTTP_HEADER: {
        "authorization": _after("Bearer ", "access_token"),
        "header": _after("Authorization: Bearer ", "access_token"),
    },
    Preset.DOT_ENV: {".env": _dot_env},
    Preset.JSON: {"token.json": _json_object({name: name for name in PLACEHOLDERS})},
}


def preset_entries(preset: Preset, values: Values) -> dict[str, str]:
    """Return the entries of one preset; those that Salesforce gave no value for are left out."""
    rendered = {name: render(values) for name, render in PRESET_ENTRIES[preset].items()}
    return {name: text for name, text in rendered.items() if text}
