"""Programs built from a Go module of ours, once per version, and kept in a cache.

A program appears in the cache complete or not at all, and one process builds at a time.
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

# Seconds between two lines of progress.
_HEARTBEAT: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class GoModule:
    """A folder whose go.mod names what to build; *packages* has the package of each program."""

    folder: Path
    packages: Mapping[str, str]
    version: str
    linker_flags: str
    needs: str = "about 4 GiB of disk and 3 GiB of memory"

    def provide(self, names: list[str], report: Report) -> dict[str, Path]:
        """Return where the programs are, building what is missing. Raise ClusterError."""
        folder = cache() / f"{self.version}-{self._fingerprint()}"
        paths = {name: folder / name for name in names}
        if not all(path.exists() for path in paths.values()):
            folder.mkdir(parents=True, exist_ok=True)
            with _only_one_builds(folder, report):
                self._build([path for path in paths.values() if not path.exists()], report)
        return paths

    def _build(self, targets: list[Path], report: Report) -> None:
        if not targets:
            return
        go = find_go(cache(), report)
        report(f"Building into {targets[0].parent}: once, for some minutes.")
        for number, target in enumerate(targets, start=1):
            doing = f"[{number}/{len(targets)}] building {target.name}"
            self._build_one(go, target, doing, report)

    def _build_one(self, go: Path, target: Path, doing: str, report: Report) -> None:
        unfinished = target.with_name(f".{target.name}.unfinished")
        flags = ["-trimpath", "-mod=readonly", "-ldflags", self.linker_flags]
        command = [str(go), "build", *flags, "-o", str(unfinished), self.packages[target.name]]
        status, output = run_with_progress(
            command, doing, report, directory=self.folder, environment=_environment()
        )
        if status != 0:
            unfinished.unlink(missing_ok=True)
            raise ClusterError(
                f"Building {target.name} failed:\n{output}",
                remedy=self._remedy_for(target.parent),
            )
        unfinished.replace(target)

    def _remedy_for(self, folder: Path) -> str:
        free = shutil.disk_usage(folder).free // 2**30
        return (
            f"It needs the Go module proxy, {self.needs}"
            f" ({free} GiB of disk are free). What is built already is kept: run it again."
        )

    def _fingerprint(self) -> str:
        files = [self.folder / "go.mod", self.folder / "go.sum", *sorted(self.folder.glob("*.go"))]
        what = [*(path.read_text() for path in files), self.linker_flags, platform.machine()]
        return hashlib.sha256("\0".join(what).encode()).hexdigest()[:12]


def required_version(go_mod: Path, module: str) -> str:
    """Return the version that a go.mod asks for in a line of its own, such as v1.37.2."""
    pattern = rf"^require {re.escape(module)} (v\S+)"
    found = re.search(pattern, go_mod.read_text(), re.MULTILINE)
    if found is None:
        raise ClusterError(
            f"{go_mod} has no line `require {module} v...`.",
            remedy="Restore it from git.",
        )
    return found[1]


def cache() -> Path:
    """Return the folder of all that is built."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "salesforce-token-operator" / "control-plane"


def _environment() -> Mapping[str, str]:
    # A user's own flags or workspace must not change what is built.
    own = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    return os.environ | own


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
