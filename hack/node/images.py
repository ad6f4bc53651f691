"""The images that a node runs, built without a registry, and where they are kept.

Buildah has a store of its own in the cache, so that what did not change is not built again.
"""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cluster.building import cache
from cluster.errors import ClusterError
from cluster.progress import Report, run_with_progress
from node import pip_settings
from node.settings import PAUSE_IMAGE

CHECKOUT: Final = Path(__file__).resolve().parents[2]
OPERATOR: Final = "localhost/salesforce-token-operator:0.1.0"
_SUITE: Final = "bookworm"
# A Python to stand in for the official image, and curl for the pods that use a token.
_PACKAGES: Final = ("ca-certificates", "curl", "python3", "python3-venv")
_KEYRING: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"
_MIRROR: Final = "http://deb.debian.org/debian"
# What a container runtime stacks its layers with; on top of itself it does not work.
_OVERLAY: Final = "overlayfs"


def pause(program: Path, folder: Path) -> Path:
    """Return an archive of the image that holds the namespaces of a pod."""
    context = folder / "pause"
    context.mkdir()
    (context / "pause").write_bytes(program.read_bytes())
    (context / "pause").chmod(0o755)
    recipe = context / "Containerfile"
    recipe.write_text('FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n')
    _buildah("build", "--quiet", "--tag", PAUSE_IMAGE, "--file", str(recipe), str(context))
    return archive(PAUSE_IMAGE, folder / "pause.tar")


def base(report: Report) -> str:
    """Return the name of a Debian with Python and curl, made from packages the first time."""
    recipe = "\0".join((_SUITE, *_PACKAGES))
    name = f"localhost/debian-python:{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    if not _has(name):
        with tempfile.TemporaryDirectory(dir=_store(), prefix="debootstrap-") as folder:
            _bootstrap(Path(folder) / "root", report)
            _from_root(Path(folder), name, report)
    return name


def operator(name: str, report: Report, *, version: str = "0.1.0") -> None:
    """Build the operator's image from the Dockerfile, on the local base."""
    arguments = {"BASE": base(report), "VERSION": version}
    with tempfile.TemporaryDirectory(dir=_store(), prefix="pip-") as folder:
        command = [
            *("build", "--isolation", "chroot", "--pull=never", "--layers"),
            *(f"--build-arg={key}={value}" for key, value in arguments.items()),
            *(f"--volume={each}" for each in pip_settings.volumes(Path(folder))),
            *("--tag", name, str(CHECKOUT)),
        ]
        _buildah(*command, doing=f"building {name}", report=report)


def archive(name: str, path: Path) -> Path:
    """Write an image into an archive and return its path."""
    path.unlink(missing_ok=True)
    _buildah("push", "--quiet", name, f"docker-archive:{path}:{name}")
    return path


def snapshotter(folder: Path) -> str:
    """Return what containerd stacks layers with in this folder."""
    return "native" if _is_overlay(folder) else "overlayfs"


def _bootstrap(root: Path, report: Report) -> None:
    command = [
        *("unshare", "--mount", "debootstrap", "--variant=minbase", f"--keyring={_KEYRING}"),
        *(f"--include={','.join(_PACKAGES)}", _SUITE, str(root), _mirror()),
    ]
    status, output = run_with_progress(_found_on_path(command), "making a Debian", report)
    if status != 0:
        raise _failed("debootstrap", output)


def _from_root(folder: Path, name: str, report: Report) -> None:
    recipe = folder / "Containerfile"
    # The packages themselves are of no use any more.
    subprocess.run(["chroot", folder / "root", "apt-get", "clean"], check=True)
    recipe.write_text('FROM scratch\nADD root /\nCMD ["python3"]\n')
    command = ("build", "--quiet", "--tag", name, "--file", str(recipe), str(folder))
    _buildah(*command, doing=f"making the image {name}", report=report)


def _mirror() -> str:
    """Return the Debian mirror that apt uses here."""
    only = ["Created-By: Packages", f"Codename: {_SUITE}", "Origin: Debian"]
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", *only]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return next(iter(answer.stdout.split()), _MIRROR)


def _has(name: str) -> bool:
    return _run_buildah(["images", "--quiet", name]).returncode == 0


def _buildah(*arguments: str, doing: str = "", report: Report | None = None) -> None:
    if report is None:
        done = _run_buildah(arguments)
        status, output = done.returncode, done.stdout + done.stderr
    else:
        status, output = run_with_progress(_found_on_path(_command(arguments)), doing, report)
    if status != 0:
        raise _failed(f"buildah {arguments[0]}", output)


def _run_buildah(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(arguments), capture_output=True, text=True, check=False)


def _command(arguments: Sequence[str]) -> list[str]:
    store = _store()
    driver = "vfs" if _is_overlay(store) else "overlay"
    places = [f"--root={store / 'layers'}", f"--runroot={store / 'run'}"]
    # What it mounts must not stay behind, so it has mounts of its own.
    return ["unshare", "--mount", "buildah", *places, f"--storage-driver={driver}", *arguments]


def _store() -> Path:
    store = cache().with_name("images")
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    return store


def _is_overlay(folder: Path) -> bool:
    command = ["stat", "--file-system", "--format=%T", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == (
        _OVERLAY
    )


def _found_on_path(command: Sequence[str]) -> list[str]:
    """Return a command that starts with a whole path, as its launcher needs it."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin:/bin"
    return ["/usr/bin/env", f"PATH={path}", *command]


def _failed(what: str, output: str) -> ClusterError:
    return ClusterError(
        f"{what} failed:\n{output}",
        remedy="What is wrong stands in the lines above. What is built already is kept.",
    )
