"""Source Secrets, read as the person who runs the command."""

from typing import Protocol

from token_operator.cluster.api import ForbiddenError
from token_operator.domain.failures import (
    SourceForbiddenError,
    SourceSecretMissingError,
)
from token_operator.domain.sources import EntryRef, Value
from token_operator.domain.targets.secret import Secret
from token_operator.reconcile.credentials import line_in


class Secrets(Protocol):
    """Where Secrets are read."""

    async def secret(self, name: str) -> Secret | None:
        """Return a Secret; None where it does not exist."""


async def source(secrets: Secrets, name: str) -> Secret:
    """Return a source Secret; raise a FailureError where it cannot be had."""
    try:
        secret = await secrets.secret(name)
    except ForbiddenError:
        raise SourceForbiddenError(
            f"You may not read Secret {name}.",
            remedy="This command reads Secrets as you do: ask for the right to get it.",
        ) from None
    if secret is None:
        raise SourceSecretMissingError(f"Secret {name} does not exist.")
    return secret


async def value_of(secrets: Secrets, value: Value | None) -> str:
    """Return a literal, or the entry that a reference names without its trailing newline."""
    if not isinstance(value, EntryRef):
        return value or ""
    return line_in(await source(secrets, value.name), value)
