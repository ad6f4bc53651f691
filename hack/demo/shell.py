"""Commands as a user types them: what is shown is what runs."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from demo.running import StepFailedError
from demo.terminal import Terminal

_PATIENCE: Final = 30.0
# Those of the machine; the demo stays on loopback and has a proxy of its own.
_PROXIES: Final = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy"})


def environment(programs: Sequence[Path], kubeconfig: Path) -> dict[str, str]:
    """Return ours with folders of programs in PATH, KUBECONFIG and no proxies."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in _PROXIES and not name.startswith("TOKEN_OPERATOR_")
    }
    path = os.pathsep.join([*map(str, programs), kept.get("PATH", os.defpath)])
    return kept | {"PATH": path, "KUBECONFIG": str(kubeconfig), "NO_PROXY": "127.0.0.1"}


def unchanged(text: str) -> str:
    """Return the text as it is."""
    return text


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs command lines with sh, in the checkout."""

    checkout: Path
    environment: Mapping[str, str]
    terminal: Terminal

    def show(self, command: str, *, shown: Callable[[str], str] = unchanged) -> str:
        """Show a command, run it, show its output as *shown* returns it, and return it all."""
        self.terminal.command(command)
        output = self.ask(command)
        self.terminal.output(shown(output))
        return output

    def ask(self, command: str) -> str:
        """Run a command quietly and return its output; raise StepFailedError if it fails."""
        done = self._run(command)
        if done.returncode != 0:
            seen = f"exit status {done.returncode}: {(done.stderr or done.stdout).strip()}"
            raise StepFailedError(expected=f"'{command}' to work", seen=seen)
        return done.stdout

    def try_to(self, command: str) -> str:
        """Run a command quietly and return its output, empty if it fails."""
        done = self._run(command)
        return done.stdout if done.returncode == 0 else ""

    def start(self, command: str, output: IO[bytes]) -> subprocess.Popen[bytes]:
        """Show a command and leave it running; its output goes to a file."""
        self.terminal.command(command)
        # exec: the process that is stopped later is the command, not its shell.
        return subprocess.Popen(
            ["sh", "-c", f"exec {command}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=self.checkout,
            env=self.environment,
        )

    def _run(self, command: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                ["sh", "-c", command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                cwd=self.checkout,
                env=self.environment,
                timeout=_PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise StepFailedError(
                expected=f"'{command}' to end within {_PATIENCE:.0f} s", seen="it still ran"
            ) from None
