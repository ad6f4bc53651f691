"""The programs of the control plane, built once per version and kept in a cache.

The folder is laid out as KUBEBUILDER_ASSETS is. A program appears in it complete
or not at all, and one process builds at a time.
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from cluster.errors import ClusterError
from cluster.progress import Report, run_with_progress
from cluster.toolchain import find_go

_TOOLS = Path(__file__).with_name("tools")
_PACKAGES: Final = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
}
# envtest's own archives do not hold it.
_OPTIONAL_ASSET = "kube-controller-manager"
# Seconds between two lines of progress.
_HEARTBEAT = 15


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
    found |= _from_cache(missing, report)
    return Binaries(**{name.replace("-", "_"): path for name, path in found.items()})


def kubernetes_version() -> str:
    """Return the version that tools/go.mod asks for, such as v1.37.2."""
    found = re.search(r"^require k8s\.io/kubernetes (v\S+)", _go_mod(), re.MULTILINE)
    if found is None:
        raise ClusterError(
            "tools/go.mod has no line `require k8s.io/kubernetes v...`.",
            remedy="Restore hack/cluster/tools/go.mod from git.",
        )
    return found[1]


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


def _from_cache(names: list[str], report: Report) -> dict[str, Path]:
    folder = _cache() / f"{kubernetes_version()}-{_fingerprint()}"
    paths = {name: folder / name for name in names}
    if not all(path.exists() for path in paths.values()):
        folder.mkdir(parents=True, exist_ok=True)
        with _only_one_builds(folder, report):
            _build([path for path in paths.values() if not path.exists()], report)
    return paths


def _build(targets: list[Path], report: Report) -> None:
    if not targets:
        return
    go = find_go(_cache(), report)
    report(f"Building into {targets[0].parent}: once, for some minutes.")
    for number, target in enumerate(targets, start=1):
        _build_one(go, target, f"[{number}/{len(targets)}] building {target.name}", report)


def _build_one(go: Path, target: Path, doing: str, report: Report) -> None:
    unfinished = target.with_name(f".{target.name}.unfinished")
    flags = ["-trimpath", "-mod=readonly", "-ldflags", _linker_flags()]
    command = [str(go), "build", *flags, "-o", str(unfinished), _PACKAGES[target.name]]
    status, output = run_with_progress(
        command, doing, report, directory=_TOOLS, environment=_environment()
    )
    if status != 0:
        unfinished.unlink(missing_ok=True)
        raise ClusterError(
            f"Building {target.name} failed:\n{output}",
            remedy=_remedy_for(target.parent),
        )
    unfinished.replace(target)


def _remedy_for(folder: Path) -> str:
    free = shutil.disk_usage(folder).free // 2**30
    return (
        "It needs the Go module proxy, about 4 GiB of disk and 3 GiB of memory"
        f" ({free} GiB of disk are free). What is built already is kept: run it again."
    )


def _environment() -> Mapping[str, str]:
    # A user's own flags or workspace must not change what is built.
    own = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    return os.environ | own


def _linker_flags() -> str:
    version = kubernetes_version()
    major, minor, _ = version.removeprefix("v").split(".")
    package = "k8s.io/component-base/version"
    # Without these the server says v0.0.0.
    numbers = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return " ".join(["-s -w", *(f"-X {package}.{key}={value}" for key, value in numbers.items())])


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "salesforce-token-operator" / "control-plane"


def _fingerprint() -> str:
    what = [_go_mod(), (_TOOLS / "go.sum").read_text(), _linker_flags(), platform.machine()]
    return hashlib.sha256("\0".join(what).encode()).hexdigest()[:12]


def _go_mod() -> str:
    return (_TOOLS / "go.mod").read_text()


@contextmanager
def _only_one_builds(folder: Path, report: Report) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        waited = 0
        while not _is_ours(lock):
            if waited % _HEARTBEAT == 0:
                report(f"Another process builds them: waiting for it ... {waited} s")
            time.sleep(1)
            waited += 1
        yield


def _is_ours(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
