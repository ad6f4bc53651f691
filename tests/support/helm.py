"""The real Helm, the chart, and what it renders."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from support.api_client import Resource

CHART = Path(__file__).parents[2] / "helm" / "salesforce-token-operator"
RELEASED = Path(__file__).parents[1] / "releases"
RELEASE = "operator"
# The full name of the release's resources.
FULL_NAME = "operator-salesforce-token-operator"


class HelmError(AssertionError):
    """A helm command failed that was expected to work."""


@dataclass(frozen=True, slots=True)
class Helm:
    """Runs one version of Helm against one control plane, with its files in a folder of its own."""

    program: Path
    kubeconfig: Path
    folder: Path

    def __call__(self, *arguments: str | Path, check: bool = True) -> str:
        """Run one command and return its output; with `check`, a failure raises."""
        homes = {f"HELM_{name}_HOME": str(self.folder) for name in ("CACHE", "CONFIG", "DATA")}
        done = subprocess.run(
            [self.program, *arguments],
            env=homes | {"KUBECONFIG": str(self.kubeconfig), "PATH": "/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise HelmError(f"helm {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout if done.returncode == 0 else done.stderr

    def render(self, namespace: str, *arguments: str | Path) -> list[Resource]:
        """Return the resources that the chart renders for a namespace."""
        return self.render_chart(CHART, "--namespace", namespace, *arguments)

    def render_chart(self, chart: Path, *arguments: str | Path) -> list[Resource]:
        """Return the resources that a chart, perhaps an older one, renders."""
        command = ("template", RELEASE, chart, *arguments)
        return [one for one in yaml.safe_load_all(self(*command)) if one]


def of_kind(resources: list[Resource], kind: str) -> list[Resource]:
    """Return the resources of one kind."""
    return [one for one in resources if one["kind"] == kind]


def operator_pod(resources: list[Resource]) -> dict[str, Any]:
    """Return the template of the operator's pods."""
    (deployment,) = of_kind(resources, "Deployment")
    template: dict[str, Any] = deployment["spec"]["template"]
    return template


def operator_flags(resources: list[Resource]) -> list[str]:
    """Return the flags that the chart starts the operator with."""
    (container,) = operator_pod(resources)["spec"]["containers"]
    assert container["command"] == ["salesforce-token-operator", "run"]
    return list(container["args"])
