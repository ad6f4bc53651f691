"""What this version does not do yet, or cannot do: found before any login."""

from collections.abc import Callable

from token_operator.domain.connection import (
    Connection,
    CreationPolicy,
    Target,
)
from token_operator.domain.content import (
    PLACEHOLDERS,
    PRESET_ENTRIES,
    Values,
    entries_for,
    presets_of,
)
from token_operator.domain.failures import FailureError, NotSupportedYetError

# Any values serve to see whether presets and data clash: no two placeholders have the same.
_SAMPLE = Values({name: f"value of {name}" for name in PLACEHOLDERS})


def unsupported_field(connection: Connection) -> str | None:
    """Return the first field that this version cannot serve; None if it can serve all."""
    if connection.restart_workloads:
        return "spec.restartWorkloads"
    return next(filter(None, map(_unsupported_in_target, connection.targets)), None)


def _unsupported_in_target(target: Target) -> str | None:
    if target.creation_policy is not CreationPolicy.CREATE:
        return f"spec.targets[{target.secret_name}].creationPolicy {target.creation_policy}"
    unknown = [preset for preset in presets_of(target) if preset not in PRESET_ENTRIES]
    if unknown:
        return f"spec.targets[{target.secret_name}].presets {unknown[0]}"
    return None


def refusal_of(
    connection: Connection, check_login_url: Callable[[str], None]
) -> FailureError | None:
    """Return what makes the spec impossible to serve; None where it can be served.

    *check_login_url* raises a FailureError for a host that is not allowed.
    """
    field = unsupported_field(connection)
    if field is not None:
        return NotSupportedYetError(f"{field} is not supported by this version.")
    try:
        check_login_url(connection.org.login_url)
        for target in connection.targets:
            entries_for(target, _SAMPLE)
    except FailureError as refusal:
        return refusal
    return None
