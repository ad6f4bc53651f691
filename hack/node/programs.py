"""The programs of the node: some built from Go modules of ours, some from Debian packages."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cluster.building import GoModule, required_version
from cluster.errors import ClusterError
from cluster.progress import Report, run_with_progress

_HERE: Final = Path(__file__).parent
_KUBERNETES: Final = {
    name: f"k8s.io/kubernetes/cmd/{name}" for name in ("kubelet", "kube-proxy", "kube-scheduler")
}
_CONTAINERD: Final = {
    name: f"github.com/containerd/containerd/v2/cmd/{name}"
    for name in ("containerd", "containerd-shim-runc-v2", "ctr")
}
# What each Debian package is needed for.
_FROM_DEBIAN: Final = {
    "runc": Path("/usr/sbin/runc"),
    "buildah": Path("/usr/bin/buildah"),
    "debootstrap": Path("/usr/sbin/debootstrap"),
    "containernetworking-plugins": Path("/usr/lib/cni/ptp"),
    "iproute2": Path("/sbin/ip"),
    "iptables": Path("/usr/sbin/iptables"),
    "util-linux": Path("/usr/bin/nsenter"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Where the programs of the node are that we built."""

    kubelet: Path
    kube_proxy: Path
    kube_scheduler: Path
    coredns: Path
    containerd: Path
    containerd_shim_runc_v2: Path
    ctr: Path
    pause: Path


def provide(report: Report) -> Programs:
    """Return the programs, installing and building what is missing. Raise ClusterError."""
    _install(report)
    found = {
        **_kubernetes().provide(list(_KUBERNETES), report),
        **_containerd().provide(list(_CONTAINERD), report),
        **_dns().provide(["coredns"], report),
        **_pause().provide(["pause"], report),
    }
    return Programs(**{name.replace("-", "_"): path for name, path in found.items()})


def _kubernetes() -> GoModule:
    folder = _HERE / "tools"
    version = required_version(folder / "go.mod", "k8s.io/kubernetes")
    major, minor, _ = version.removeprefix("v").split(".")
    # Without these the kubelet says v0.0.0.
    numbers = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    flags = [f"-X k8s.io/component-base/version.{key}={value}" for key, value in numbers.items()]
    return GoModule(
        folder=folder,
        packages=_KUBERNETES,
        version=f"node-{version}",
        linker_flags=" ".join(["-s -w", *flags]),
    )


def _containerd() -> GoModule:
    folder = _HERE / "containerd-tools"
    module = "github.com/containerd/containerd/v2"
    version = required_version(folder / "go.mod", module)
    return GoModule(
        folder=folder,
        packages=_CONTAINERD,
        version=f"containerd-{version}",
        linker_flags=f"-s -w -X {module}/version.Version={version}",
    )


def _dns() -> GoModule:
    folder = _HERE / "dns"
    version = required_version(folder / "go.mod", "github.com/coredns/coredns")
    return GoModule(
        folder=folder,
        packages={"coredns": "salesforce-token.dev/dns"},
        version=f"coredns-{version}",
        linker_flags="-s -w",
    )


def _pause() -> GoModule:
    packages = {"pause": "salesforce-token.dev/pause"}
    folder = _HERE / "pause"
    return GoModule(folder=folder, packages=packages, version="pause", linker_flags="-s -w")


def _install(report: Report) -> None:
    missing = [package for package, program in _FROM_DEBIAN.items() if not program.exists()]
    if not missing:
        return
    apt = shutil.which("apt-get")
    if apt is None:
        raise _not_installed(missing, "there is no apt-get")
    install = [apt, "install", "--yes", "--quiet", "--no-install-recommends", *missing]
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in ([apt, "update", "--quiet"], install):
        doing = f"apt-get {command[1]}"
        status, output = run_with_progress(command, doing, report, environment=quiet)
        if status != 0:
            raise _not_installed(missing, output)


def _not_installed(missing: list[str], why: str) -> ClusterError:
    return ClusterError(
        f"The node lacks {', '.join(missing)}: {why}",
        remedy="Install these Debian packages, or use a Debian machine.",
    )


def kernel_is_able() -> bool:
    """Say whether this process may make namespaces of its own, which takes root."""
    trial = ["unshare", "--mount", "--net", "--pid", "--fork", "true"]
    try:
        return subprocess.run(trial, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
