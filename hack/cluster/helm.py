"""Helm, built like the control plane: the present one, and the one before it."""

from pathlib import Path
from typing import Final

from cluster.building import GoModule, required_version
from cluster.progress import Report

# A module of its own: what changes here rebuilds no control plane.
_TOOLS: Final = Path(__file__).resolve().parents[1] / "helm-tools"


def provide_helm(report: Report, *, major: int = 4) -> Path:
    """Return the program, building it if it is missing; *major* is 3 or 4. Raise ClusterError."""
    module, name = f"helm.sh/helm/v{major}", f"helm{major}"
    version = required_version(_TOOLS / "go.mod", module)
    tool = GoModule(
        folder=_TOOLS,
        packages={name: f"{module}/cmd/helm"},
        version=f"helm-{version}",
        linker_flags=_linker_flags(module, version),
        needs="about 2 GiB of disk and 2 GiB of memory",
    )
    return tool.provide([name], report)[name]


def _linker_flags(module: str, version: str) -> str:
    kubernetes = required_version(_TOOLS / "go.mod", "k8s.io/client-go")
    _, minor, _ = kubernetes.split(".")
    # Without these Helm 3 takes every cluster that it cannot ask for Kubernetes 1.20.
    numbers = {
        f"{module}/internal/version.version": version,
        f"{module}/pkg/chartutil.k8sVersionMajor": "1",
        f"{module}/pkg/chartutil.k8sVersionMinor": minor,
    }
    return " ".join(["-s -w", *(f"-X {key}={value}" for key, value in numbers.items())])
