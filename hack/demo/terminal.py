"""How the demo speaks to the person who watches it: plain text, bold only on a terminal."""

import sys
import textwrap
from typing import Final

_WIDTH: Final = 100
_INDENT: Final = "     "


class Terminal:
    """Prints headings, commands, their output, ticks and crosses."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        # A terminal that knows no tick shows a question mark.
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")

    def heading(self, text: str) -> None:
        """Begin a step."""
        self._print(f"\n{self._bold(text)}")

    def say(self, text: str) -> None:
        """Print a sentence."""
        self._print(textwrap.fill(text, _WIDTH, initial_indent="   ", subsequent_indent="   "))

    def command(self, line: str) -> None:
        """Show a command as somebody would type it."""
        self._print(f"   $ {line}")

    def output(self, text: str) -> None:
        """Show what a command printed."""
        if text.strip():
            self._print(textwrap.indent(text.rstrip(), _INDENT))

    def tick(self, seen: str) -> None:
        """Say that a step went well, and what was seen."""
        self._print(f" ✓ {seen}")

    def cross(self, title: str, *, expected: str, seen: str) -> None:
        """Say that a step failed."""
        self._print(f" ✗ {title}")
        self._print(f"   expected: {expected}")
        self._print(f"   seen:     {textwrap.indent(seen, '             ').strip()}")

    def plain(self, text: str) -> None:
        """Print a text as it is."""
        self._print(text)

    def _bold(self, text: str) -> str:
        return f"\033[1m{text}\033[0m" if self._is_terminal else text

    def _print(self, text: str) -> None:
        print(text, flush=True)
