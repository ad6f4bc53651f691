"""What makes a spec impossible to serve: found before any login."""

from collections.abc import Callable

from token_operator.domain.connection import Connection
from token_operator.domain.failures import FailureError
from token_operator.domain.targets.content import entries_for
from token_operator.domain.targets.placeholders import PLACEHOLDERS, Values

# Any values serve to see whether presets and data clash: no two placeholders have the same.
_SAMPLE = Values({name: f"value of {name}" for name in PLACEHOLDERS})


def spec_problem_of(
    connection: Connection, check_login_url: Callable[[str], None]
) -> FailureError | None:
    """Return what makes the spec impossible to serve; None where it can be served.

    *check_login_url* raises a FailureError for a host that is not allowed.
    """
    try:
        check_login_url(connection.org.login_url)
        for target in connection.targets:
            entries_for(target, _SAMPLE)
    except FailureError as refusal:
        return refusal
    return None
