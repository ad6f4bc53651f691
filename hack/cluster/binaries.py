"""The programs of the control plane.

The folder that they are built into is laid out as KUBEBUILDER_ASSETS is.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cluster.building import GoModule, required_version
from cluster.errors import ClusterError
from cluster.progress import Report

_TOOLS = Path(__file__).with_name("tools")
_PACKAGES: Final = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
}
# envtest's own archives do not hold it.
_OPTIONAL_ASSET = "kube-controller-manager"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """Where the programs of the control plane are."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path
    kubectl: Path


def provide(report: Report) -> Binaries:
    """Return the programs, building what is missing.

    Raises ClusterError if there is no way to build them, or if KUBEBUILDER_ASSETS is
    set to a folder that lacks one.
    """
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    found = _from_assets(Path(assets), report) if assets else {}
    missing = [name for name in _PACKAGES if name not in found]
    found |= _module().provide(missing, report)
    return Binaries(**{name.replace("-", "_"): path for name, path in found.items()})


def kubernetes_version() -> str:
    """Return the version that tools/go.mod asks for, such as v1.37.2."""
    return required_version(_TOOLS / "go.mod", "k8s.io/kubernetes")


def _from_assets(folder: Path, report: Report) -> dict[str, Path]:
    found = {name: folder / name for name in _PACKAGES if os.access(folder / name, os.X_OK)}
    missing = [name for name in _PACKAGES if name not in found and name != _OPTIONAL_ASSET]
    if missing:
        raise ClusterError(
            f"KUBEBUILDER_ASSETS is set to {folder}, which does not hold {', '.join(missing)}.",
            remedy="Point it at a folder that does, or unset it to have them built.",
        )
    report(f"Using {', '.join(found)} from KUBEBUILDER_ASSETS ({folder}).")
    if _OPTIONAL_ASSET not in found:
        report(f"It has no {_OPTIONAL_ASSET}: that one is built here, as {kubernetes_version()}.")
    return found


def _module() -> GoModule:
    version = kubernetes_version()
    return GoModule(
        folder=_TOOLS, packages=_PACKAGES, version=version, linker_flags=_linker_flags(version)
    )


def _linker_flags(version: str) -> str:
    major, minor, _ = version.removeprefix("v").split(".")
    package = "k8s.io/component-base/version"
    # Without these the server says v0.0.0.
    numbers = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return " ".join(["-s -w", *(f"-X {package}.{key}={value}" for key, value in numbers.items())])
