"""What a target Secret holds: presets and data."""

from urllib.parse import urlsplit

from token_operator.domain.connection import Connection, Preset, Target
from token_operator.domain.failures import EntryConflictError, SpecInvalidError
from token_operator.domain.instants import rfc3339
from token_operator.domain.life import HeldToken, shown_expiry, whole_second
from token_operator.domain.sources import literal
from token_operator.domain.targets.placeholders import Values, fill
from token_operator.domain.targets.presets import PRESET_ENTRIES, preset_entries
from token_operator.domain.timeline import UNMOVED, Timeline
from token_operator.domain.unrendered import (
    PLACEHOLDER_LOST,
    RENDER,
    has_bearer_twice,
    is_bearer_alone,
    is_template_alone,
)


def values_of(
    held: HeldToken, connection: Connection, api_version: str, *, timeline: Timeline = UNMOVED
) -> Values:
    """Return what the placeholders stand for."""
    token, identity = held.token, held.token.identity
    expires_at = whole_second(shown_expiry(held, connection.token))
    return Values(
        {
            "access_token": token.value,
            "instance_url": identity.instance_url,
            "instance_host": urlsplit(identity.instance_url).netloc,
            "token_type": identity.token_type,
            "org_id": identity.org_id,
            "user_id": identity.user_id,
            "username": literal(connection.auth.grant.username) or identity.username,
            "scope": " ".join(token.scopes),
            "issued_at": rfc3339(timeline.shown(whole_second(held.issued_at))),
            "expires_at": rfc3339(timeline.shown(expires_at)),
            "api_version": api_version,
            "identity_url": identity.identity_url,
            "community_url": identity.community_url,
            "api_instance_url": identity.api_instance_url,
            "login_url": connection.org.login_url,
        }
    )


def presets_of(target: Target) -> tuple[Preset, ...]:
    """Return the presets that hold: those given, else Default where there is no data."""
    if target.presets or target.data:
        return target.presets
    return (Preset.DEFAULT,)


def entry_names_of(target: Target) -> frozenset[str]:
    """Return the names of all entries that *target* can have."""
    of_presets = (PRESET_ENTRIES[preset] for preset in presets_of(target))
    return frozenset(name for name, _ in target.data).union(*of_presets)


def entries_for(target: Target, values: Values) -> dict[str, str]:
    """Return the entries of *target*.

    Raise EntryConflictError where presets or data give one entry different content, and
    SpecInvalidError for data that cannot be meant.
    """
    entries: dict[str, str] = {}
    for preset in presets_of(target):
        _add(entries, preset_entries(preset, values), f"{target.secret_name}: preset {preset}")
    data = {name: _filled(target, name, values) for name, _ in target.data}
    _add(entries, data, f"{target.secret_name}: data")
    return entries


def _filled(target: Target, name: str, values: Values) -> str:
    template = dict(target.data)[name]
    text = fill(template, values)
    place = f"Target {target.secret_name}: entry {name} of data"
    if is_bearer_alone(template):
        raise SpecInvalidError(f"{place} is 'Bearer' without a token.", remedy=PLACEHOLDER_LOST)
    if has_bearer_twice(text):
        raise SpecInvalidError(
            f"{place} has 'Bearer' twice.",
            remedy="${token_type} is 'Bearer' too: write it once.",
        )
    # A longer text may be meant for another program, which fills in the rest.
    if text == template and is_template_alone(template):
        raise SpecInvalidError(f"{place} is a template that was not rendered.", remedy=RENDER)
    return text


def _add(entries: dict[str, str], more: dict[str, str], source: str) -> None:
    for name, content in more.items():
        if entries.setdefault(name, content) != content:
            raise EntryConflictError(
                f"Target {source} gives entry {name} another content than a preset does."
            )
