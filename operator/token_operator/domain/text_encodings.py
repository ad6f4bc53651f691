"""The encodings in which Windows and PowerShell store a text, brought back to UTF-8 (pure).

A byte order mark names the encoding (Unicode Standard, section 23.8), so that a text that
begins with one is read safely. UTF-16 without a mark is recognized by its zeros only.
"""

import codecs
from typing import Final

# The mark of UTF-32 begins with the one of UTF-16, and so goes first.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FEWEST_ZEROS: Final = 4


def in_utf8(content: bytes) -> bytes:
    """Return a text with a byte order mark as UTF-8 without one; anything else as it is."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            try:
                return content.decode(encoding).encode()
            except UnicodeDecodeError:
                return content
    return content


def unmarked_encoding(content: bytes) -> str:
    """Return ``UTF-16LE`` or ``UTF-16BE`` for a text in it without a mark; empty for others.

    Every other byte of such a text is zero, which no text in UTF-8 has.
    """
    if len(content) % 2 or len(content) < 2 * _FEWEST_ZEROS:
        return ""
    for encoding, zeros, letters in (
        ("UTF-16LE", content[1::2], content[::2]),
        ("UTF-16BE", content[::2], content[1::2]),
    ):
        if not any(zeros) and all(0 < letter < 0x80 for letter in letters):
            return encoding
    return ""


def conversion_command(encoding: str) -> str:
    """Return the remedy for a text in *encoding*."""
    return (
        f"Store it in UTF-8: 'iconv -f {encoding} -t UTF-8 FILE', or in PowerShell "
        "'Set-Content -Encoding ascii'."
    )
