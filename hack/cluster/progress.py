"""Long commands that say what they are doing, so that nobody takes them for hung."""

import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cluster.children import kill_group, spawn

Report = Callable[[str], None]

_HEARTBEAT = 15.0
_TAIL = 4000


def say_nothing(_line: str) -> None:
    """Drop a line of progress."""


def run_with_progress(
    command: Sequence[str | Path],
    doing: str,
    report: Report,
    *,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Run a command and return its exit status and the end of its output.

    Reports a line at the start, at the end and every 15 s in between.
    """
    report(f"{doing} ...")
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = spawn(command, output, directory=directory, environment=environment)
        try:
            status = _wait(process, lambda: report(f"{doing} ... {_since(began)}"))
        finally:
            kill_group(process)
        output.seek(0)
        text = output.read().decode(errors="replace")[-_TAIL:]
    report(f"{doing}: {'done' if status == 0 else 'failed'} after {_since(began)}")
    return status, text


def _wait(process: subprocess.Popen[bytes], beat: Callable[[], None]) -> int:
    while True:
        try:
            return process.wait(_HEARTBEAT)
        except subprocess.TimeoutExpired:
            beat()


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.0f} s"
