"""`kubectl salesforce ...`, found and started by the real kubectl as its plugin."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support.operator_process import environment

FOLDER = Path(sys.executable).parent
# No command takes longer on a busy machine.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Plugin:
    """Runs the plugin through kubectl, in one namespace unless the arguments say otherwise."""

    kubectl: Path
    kubeconfig: Path

    def __call__(
        self,
        *arguments: str,
        namespace: str | None = None,
        input: str | None = None,  # noqa: A002 - as subprocess.run calls it
        variables: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            self.command(*arguments, namespace=namespace),
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            env=self.environment(variables),
        )

    def good(self, *arguments: str, namespace: str | None = None, **rest: str) -> str:
        """Run one command that must end well, and return what it prints."""
        done = self(*arguments, namespace=namespace, input=rest.get("input"))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, *arguments: str, namespace: str | None = None, **rest: str) -> str:
        """Run one command that must end with 1, and return its one line of error."""
        done = self(*arguments, namespace=namespace, input=rest.get("input"))
        assert done.returncode == 1, done.stdout + done.stderr
        (line,) = done.stderr.splitlines()
        return line

    def start(
        self, *arguments: str, namespace: str, variables: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start one command that goes on."""
        return subprocess.Popen(
            self.command(*arguments, namespace=namespace),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment({"PYTHONUNBUFFERED": "1", **(variables or {})}),
        )

    def complete(self, *words: str) -> str:
        """Return what kubectl's own completion answers."""
        return subprocess.run(
            [self.kubectl, *words],
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
            env=self.environment(),
        ).stdout

    def command(self, *arguments: str, namespace: str | None) -> list[str]:
        """Return the words of one command."""
        where = [] if namespace is None else [f"--namespace={namespace}"]
        return [str(self.kubectl), "salesforce", *arguments, *where]

    def environment(self, variables: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment of a user who has installed the plugin."""
        path = f"{FOLDER}{os.pathsep}{os.environ['PATH']}"
        return environment(self.kubeconfig, {"PATH": path, **(variables or {})})
