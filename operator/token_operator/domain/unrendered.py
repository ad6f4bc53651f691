"""Text that a tool should have rendered, decoded or removed before it was stored (pure).

Nothing here returns a part of the text: it may be a secret.
"""

import base64
import re
from typing import Final

_TEMPLATE: Final = re.compile(r"\{\{[^{}]*\}\}|\$\{[^{}]*\}|\$\([A-Za-z_][A-Za-z0-9_]*\)")
_BEARER: Final = re.compile(r"\s*(?:authorization:\s*)?bearer\s", re.IGNORECASE)
# "Bearer" without a blank may be meant: some programs want the scheme in an entry of its own.
_BEARER_ALONE: Final = re.compile(r"\s*(?:authorization:\s*bearer\s*|bearer\s+)", re.IGNORECASE)
_BEARER_TWICE: Final = re.compile(r"\bbearer[ \t]+bearer\b(?![ \t]*[=:])", re.IGNORECASE)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
# Twenty random bytes are all printable once in 400 million times.
_SHORTEST_DECODED: Final = 20

RENDER: Final = (
    "Let the tool that applies the manifest (Helm, Flux, envsubst) render it, or store the "
    "value itself."
)
DECODE_ONCE: Final = (
    "Give the value itself in stringData, or its base64 in data; not base64 in stringData."
)
PLACEHOLDER_LOST: Final = (
    "Write 'Bearer ${access_token}'; where Flux or envsubst substitutes variables, write "
    "'$${access_token}', or disable the substitution for this resource."
)
WITHOUT_PREFIX: Final = "Store the value alone, without 'Bearer'."


def has_template(text: str) -> bool:
    """Whether *text* has ``{{ ... }}``, ``${...}`` or ``$(NAME)`` in it."""
    return _TEMPLATE.search(text) is not None


def begins_with_bearer(text: str) -> bool:
    """Whether *text* is a header or its value: ``Bearer`` before what is meant."""
    return _BEARER.match(text) is not None


def is_base64_of_text(text: str) -> bool:
    """Whether *text* is base64 of one line of text, so that it was encoded once too often."""
    if len(text) % 4 or not _BASE64.fullmatch(text):
        return False
    decoded = base64.b64decode(text).removesuffix(b"\n")
    return len(decoded) >= _SHORTEST_DECODED and all(0x20 <= one < 0x7F for one in decoded)


def what_is_unrendered(text: str) -> tuple[str, str] | None:
    """Return what *text* is (a noun phrase) and the remedy; None where it may be a value."""
    if has_template(text):
        return "a template that was not rendered", RENDER
    if begins_with_bearer(text):
        return "'Bearer' before the value", WITHOUT_PREFIX
    if is_base64_of_text(text):
        return "base64 of a text, so that it was encoded twice", DECODE_ONCE
    return None


def is_template_alone(text: str) -> bool:
    """Whether *text* is nothing but a template, after ``Bearer`` perhaps."""
    return _TEMPLATE.fullmatch(_BEARER.sub("", text, count=1).strip()) is not None


def is_bearer_alone(text: str) -> bool:
    """Whether *text* is ``Bearer`` without a token: a tool has replaced the placeholder."""
    return _BEARER_ALONE.fullmatch(text) is not None


def has_bearer_twice(text: str) -> bool:
    """Whether *text* has ``Bearer Bearer`` in it."""
    return _BEARER_TWICE.search(text) is not None
