"""Files that a command is given, ``-`` for standard input."""

import sys
from pathlib import Path
from typing import Final

import click

LARGEST: Final = 1024 * 1024


def content_of(file: str) -> bytes:
    """Return the first MiB of a file; raise UsageError where it cannot be read."""
    try:
        if file == "-":
            return sys.stdin.buffer.read(LARGEST)
        with Path(file).open("rb") as stream:
            return stream.read(LARGEST)
    except OSError as error:
        raise click.UsageError(f"{file!r} cannot be read: {error.strerror}.") from None
