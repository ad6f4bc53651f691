"""Source Secrets, read as the person who runs the command."""

from typing import Final, Protocol

from token_operator.cluster.api import ForbiddenError
from token_operator.domain.failures import (
    SourceForbiddenError,
    SourceKeyMissingError,
    SourceSecretMissingError,
)
from token_operator.domain.sources import EntryRef, Value
from token_operator.domain.targets.secret import Secret

# As in reconcile/sourcing: nobody's consumer key or username is longer.
_LONGEST_VALUE: Final = 4096


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
    return await _line_of(secrets, value) if isinstance(value, EntryRef) else value or ""


async def _line_of(secrets: Secrets, ref: EntryRef) -> str:
    content = (await source(secrets, ref.name)).entries.get(ref.key)
    if content is None:
        raise SourceKeyMissingError(f"Secret {ref.name} has no entry {ref.key}.")
    value = content.decode(errors="replace").removesuffix("\n").removesuffix("\r")
    if not value or len(value) > _LONGEST_VALUE or not value.isprintable() or "\ufffd" in value:
        raise SourceKeyMissingError(
            f"Secret {ref.name}, entry {ref.key}: empty, longer than {_LONGEST_VALUE} characters, "
            "or not one line of text.",
            remedy="Store the value as one line of text.",
        )
    return value
