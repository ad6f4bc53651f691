"""The real kubectl, as one callable."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class KubectlError(AssertionError):
    """A kubectl command failed that was expected to work."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Runs kubectl against one control plane."""

    program: Path
    kubeconfig: Path

    def __call__(
        self,
        *arguments: str,
        input: str | None = None,  # noqa: A002 - as subprocess.run calls it
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run one command; with `check`, a failure raises with what kubectl said."""
        done = subprocess.run(
            [self.program, f"--kubeconfig={self.kubeconfig}", *arguments],
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise KubectlError(f"kubectl {' '.join(arguments)}: {done.stderr}")
        return done

    def create(self, resource: Mapping[str, object], namespace: str) -> None:
        """Create one resource in a namespace."""
        self("create", "--namespace", namespace, "-f", "-", input=json.dumps(resource))
