"""A program of somebody else's that goes on running: lines go in, lines or JSON values come out."""

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

# Until it says something: a start of Node.js on a busy machine takes seconds.
_PATIENCE: Final = 60


class Program:
    """A running program; use it as a context manager, which ends it."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], *, folder: Path | None = None
    ) -> None:
        self._said = ""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self._process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdout is not None
        with self._process, self._errors:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            # The end of it is the end of all that it started, too.
            self._process.stdout.read()

    def tell(self, line: str = "") -> None:
        """Write a line to its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()

    def ask(self, line: str = "") -> str:
        """Write a line to its standard input and return the line that it answers."""
        self.tell(line)
        return self.next_line()

    def next_line(self) -> str:
        """Return the next line that it prints."""
        while "\n" not in self._said:
            self._listen()
        line, _, self._said = self._said.partition("\n")
        return line

    def next_json(self) -> Any:
        """Return the next JSON value that it prints, on however many lines."""
        while True:
            try:
                value, end = json.JSONDecoder().raw_decode(self._said.lstrip())
            except json.JSONDecodeError:
                self._listen()
                continue
            self._said = self._said.lstrip()[end:]
            return value

    def errors(self) -> str:
        """Return what it wrote to standard error so far."""
        # The place in the file is the program's too, so it is not moved.
        size = os.fstat(self._errors.fileno()).st_size
        return os.pread(self._errors.fileno(), size, 0).decode()

    def exit_code(self) -> int:
        """Wait for its end and return the exit code."""
        return self._process.wait(_PATIENCE)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], _PATIENCE)
        heard = os.read(self._process.stdout.fileno(), 65536) if ready else b""
        if not heard:
            what = "ended" if ready else "is silent"
            message = f"The program {what}; it had said {self._said!r} and {self.errors()!r}."
            raise AssertionError(message)
        self._said += heard.decode()
