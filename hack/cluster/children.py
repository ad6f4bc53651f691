"""Child processes that never outlive this process, not even when it is killed."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cluster.errors import ClusterError

_LAUNCHER = Path(__file__).with_name("launcher.py")
_TAIL_LINES = 15


@dataclass(frozen=True, slots=True)
class Child:
    """A running program and the file that its output goes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def has_ended(self) -> bool:
        """Say whether the program has ended by itself."""
        return self.process.poll() is not None

    def last_lines(self) -> str:
        """Return the end of its output."""
        return last_lines(self.log)

    def stop(self, grace: float) -> None:
        """Ask the program to end, and kill it if it has not after `grace` seconds."""
        self.process.terminate()
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def last_lines(log: Path) -> str:
    """Return the last lines of a log file, empty if there is none."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])


def start_child(name: str, command: Sequence[str | Path], log: Path) -> Child:
    """Start a server whose output goes to `log`."""
    with log.open("wb") as output:
        return Child(name, spawn(command, output), log)


def spawn(
    command: Sequence[str | Path],
    output: IO[bytes],
    *,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program that dies with this process.

    Raises ClusterError where that cannot be promised: the kernel reports the death
    of the *thread* that started a process, so it has to be the main one.
    """
    _require_parent_death_signal()
    return subprocess.Popen(
        [sys.executable, "-I", "-S", _LAUNCHER, str(os.getpid()), *command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=directory,
        env=environment,
        # Ctrl-C in a terminal reaches us alone, and we stop the others in order.
        start_new_session=True,
    )


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a spawned program together with the programs that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _require_parent_death_signal() -> None:
    if sys.platform != "linux":
        raise ClusterError(
            f"The control plane needs Linux; this is {sys.platform}.",
            remedy="Run it in a Linux machine or container.",
        )
    if threading.current_thread() is not threading.main_thread():
        raise ClusterError(
            "The control plane was started from a thread that may end before the process.",
            remedy="Start it from the main thread.",
        )
