"""Credentials out of source Secrets, for the operator and the plugin alike."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from token_operator.domain.connection import Auth
from token_operator.domain.failures import FailureError, SourceKeyMissingError
from token_operator.domain.grants import keys_of
from token_operator.domain.sources import EntryRef, Value
from token_operator.domain.targets.secret import Secret
from token_operator.domain.text_encodings import conversion_command, in_utf8, unmarked_encoding
from token_operator.domain.unrendered import what_is_unrendered
from token_operator.salesforce.credentials import Credentials
from token_operator.salesforce.keys.loading import KeyMaterial, load
from token_operator.salesforce.keys.signer import Signer
from token_operator.salesforce.refresh_token_forms import other_form

# Values that come from Secrets are short; no consumer key or username is longer.
MAX_VALUE: Final = 4096
# A character has at most four bytes; a mark and one more character show that there are too many.
_MOST_BYTES: Final = 4 * (MAX_VALUE + 2)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a value looks like, as the schema of a connection has it."""

    name: str
    pattern: re.Pattern[str]
    remedy: str


_CONSUMER_KEY: Final = _Shape(
    "consumer key",
    re.compile(r"[A-Za-z0-9._]+"),
    "Store the consumer key as Salesforce shows it: letters, digits, '.' and '_', without quotes.",
)
# An apostrophe may stand within a username, as in o'brien@acme.example.
_USERNAME: Final = _Shape(
    "username",
    re.compile(r"(?!['`])[^\s\"\u201c\u201d]*(?<!['`])"),
    "Store the username alone, such as integration@acme.example, without blanks and quotes.",
)

Secrets = Mapping[str, Secret]
# Returns a Secret by its name; raises a FailureError where it cannot be had.
ReadSecret = Callable[[str], Awaitable[Secret]]


async def read_secrets(auth: Auth, read: ReadSecret) -> dict[str, Secret]:
    """Return the source Secrets that *auth* names; raise what *read* raises."""
    return {name: await read(name) for name in auth.source_names()}


def values_in(auth: Auth, secrets: Secrets) -> Credentials:
    """Return the credentials without the keys.

    Raise SourceKeyMissingError for an entry that is missing, is not one line of text, or holds
    no consumer key or username where there should be one.
    """
    grant = auth.grant
    return Credentials(
        consumer_key=_shaped(auth.consumer_key, secrets, _CONSUMER_KEY),
        username=_shaped(grant.username, secrets, _USERNAME),
        consumer_secret=value_in(grant.consumer_secret, secrets),
        stored_token=_stored_token(grant.stored_token, secrets),
    )


async def keys_in(
    auth: Auth, secrets: Secrets
) -> tuple[tuple[Signer, ...], tuple[FailureError, ...]]:
    """Return the keys that can be used, in order, and why the others cannot.

    Raise the first failure where none can be used.
    """
    keys: list[Signer] = []
    failures: list[FailureError] = []
    for source in keys_of(auth.grant):
        entries = secrets[source.secret_name].entries
        material = KeyMaterial(secret_name=source.secret_name, entries=entries, source=source)
        try:
            keys.append(await load(material))
        except FailureError as failure:
            failures.append(failure)
    if failures and not keys:
        raise failures[0]
    return tuple(keys), tuple(failures)


def value_in(value: Value | None, secrets: Secrets) -> str:
    """Return the text of a value, from its Secret where it is a reference; empty without one."""
    return line_in(secrets[value.name], value) if isinstance(value, EntryRef) else value or ""


def _stored_token(ref: EntryRef | None, secrets: Secrets) -> str:
    return "" if ref is None else stored_token_in(secrets[ref.name], ref)


def stored_token_in(secret: Secret, ref: EntryRef) -> str:
    """Return the refresh token in an entry, without blanks around it.

    Raise SourceKeyMissingError, which shows nothing of the content, also for what holds a
    refresh token among other things.
    """
    form = other_form(_decoded(secret.entries.get(ref.key, b"")[:MAX_VALUE]))
    if form is not None:
        raise SourceKeyMissingError(
            f"Secret {ref.name}, entry {ref.key}: holds {form.name}, not a refresh token.",
            remedy=form.remedy,
        )
    token = line_in(secret, ref).strip()
    if not token:
        raise SourceKeyMissingError(
            f"Secret {ref.name}, entry {ref.key}: contains only whitespace.",
            remedy="Store the refresh token.",
        )
    return token


def line_in(secret: Secret, ref: EntryRef) -> str:
    """Return the one line of text in an entry, without its trailing newline.

    Raise SourceKeyMissingError, which shows nothing of the content.
    """
    content = secret.entries.get(ref.key)
    if content is None:
        raise SourceKeyMissingError(f"Secret {ref.name} has no entry {ref.key}.")
    if unmarked_encoding(content):
        encoding = unmarked_encoding(content)
        raise SourceKeyMissingError(
            f"Secret {ref.name}, entry {ref.key}: a text in {encoding} without a byte order mark.",
            remedy=conversion_command(encoding),
        )
    value = _decoded(content).removesuffix("\n").removesuffix("\r")
    if not value or len(value) > MAX_VALUE or not value.isprintable():
        raise SourceKeyMissingError(
            f"Secret {ref.name}, entry {ref.key}: empty, longer than {MAX_VALUE} characters, or "
            "not one line of text.",
            remedy="Store the value as one line of text.",
        )
    fault = what_is_unrendered(value)
    if fault is not None:
        what, remedy = fault
        raise SourceKeyMissingError(
            f"Secret {ref.name}, entry {ref.key}: holds {what}.", remedy=remedy
        )
    return value


def _shaped(value: Value | None, secrets: Secrets, shape: _Shape) -> str:
    """Return the text of a value; raise SourceKeyMissingError for an entry of another shape.

    What stands in the connection itself was judged at admission.
    """
    text = value_in(value, secrets)
    if isinstance(value, EntryRef) and not shape.pattern.fullmatch(text):
        raise SourceKeyMissingError(
            f"Secret {value.name}, entry {value.key}: not a {shape.name}.", remedy=shape.remedy
        )
    return text


def _decoded(content: bytes) -> str:
    """Return a text in UTF-8, or in the encoding that its mark names; empty for other bytes."""
    try:
        return in_utf8(content[:_MOST_BYTES]).decode()
    except UnicodeDecodeError:
        return ""
