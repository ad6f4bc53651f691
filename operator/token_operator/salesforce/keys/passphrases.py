"""The ways to read a passphrase out of an entry of a Secret."""

from token_operator.domain.failures import PassphraseWrongError
from token_operator.domain.text_encodings import conversion_command, in_utf8, unmarked_encoding
from token_operator.domain.unrendered import what_is_unrendered


def readings_of(content: bytes) -> tuple[bytes, ...]:
    """Return what the passphrase may be, the likeliest first.

    Editors and echo end a file with a line break that nobody typed; but cert-manager makes a
    key store with the very bytes of the entry.
    """
    text = in_utf8(content)
    return tuple(dict.fromkeys((text.rstrip(b"\r\n"), text.removesuffix(b"\n"), text, content)))


def fault_in(content: bytes, place: str) -> PassphraseWrongError | None:
    """Return the failure for a passphrase whose fault its own text shows; None for others.

    The message names *place* and shows nothing of the content.
    """
    encoding = unmarked_encoding(content)
    if encoding:
        return PassphraseWrongError(
            f"{place} holds the passphrase in {encoding} without a byte order mark.",
            remedy=conversion_command(encoding),
        )
    fault = what_is_unrendered(content.decode(errors="replace").strip())
    if fault is None:
        return None
    what, remedy = fault
    return PassphraseWrongError(f"{place} holds {what}, not the passphrase.", remedy=remedy)
