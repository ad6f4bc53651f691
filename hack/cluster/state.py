"""The folder of one control plane, and who holds it.

A lock that the kernel drops with its holder says whether a control plane runs there:
no process id that somebody else may have by now is ever trusted.
"""

import fcntl
import json
import os
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

from cluster.errors import ClusterError

_LOCK: Final = "control-plane.lock"
_READY: Final = "ready.json"
# Whoever asks whether a control plane runs holds the lock for an instant.
_PATIENCE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A control plane that answers."""

    pid: int
    url: str
    kubectl: str


class Folder:
    """The folder that holds certificates, data, logs and the kubeconfig file."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.certificates = self.path / "certificates"
        self.data = self.path / "etcd"
        self.logs = self.path / "logs"
        self.audit_log = self.logs / "audit.log"
        self.kubeconfig = self.path / "kubeconfig"
        self.supervisor_log = self.path / "supervisor.log"
        self._lock = self.path / _LOCK
        self._ready = self.path / _READY

    def create(self) -> None:
        """Make the folder; refuse one that holds something else (ClusterError)."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(self.path.iterdir()) and not self._lock.exists():
            raise ClusterError(
                f"{self.path} is not empty and holds no control plane.",
                remedy="Name a folder that is empty or does not exist.",
            )
        self._lock.touch(mode=0o600)

    def take(self) -> IO[str]:
        """Lock the folder for as long as the returned file is open, and clear what is stale.

        Raises ClusterError if a control plane runs there.
        """
        deadline = time.monotonic() + _PATIENCE
        while (lock := self._try_lock()) is None:
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"A control plane runs in {self.path} already.",
                    remedy="Use it, stop it, or name another folder.",
                )
            time.sleep(0.02)
        self.clear()
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        return lock

    def tell_ready(self, ready: Ready) -> None:
        """Write down that the control plane answers, all at once."""
        unfinished = self._ready.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(asdict(ready)))
        unfinished.replace(self._ready)

    def holder(self) -> int | None:
        """Return the process id of who runs a control plane here, if anybody does."""
        if not self._lock.exists():
            return None
        lock = self._try_lock()
        if lock is not None:
            lock.close()
            return None
        return int(self._lock.read_text() or 0) or None

    def ready(self) -> Ready | None:
        """Return the control plane that runs here, if it runs and answers."""
        holder = self.holder()
        if holder is None or not self._ready.exists():
            return None
        ready = Ready(**json.loads(self._ready.read_text()))
        return ready if ready.pid == holder else None

    def remove(self) -> None:
        """Remove what a control plane left, and the folder if nothing else is in it."""
        if not self._lock.exists():
            return
        self.clear()
        self.supervisor_log.unlink(missing_ok=True)
        self._lock.unlink()
        if not any(self.path.iterdir()):
            self.path.rmdir()

    def clear(self) -> None:
        """Remove what an earlier start left; for who holds the lock."""
        for folder in (self.certificates, self.data, self.logs):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self.kubeconfig, self._ready, self._ready.with_suffix(".unfinished")):
            file.unlink(missing_ok=True)

    def _try_lock(self) -> IO[str] | None:
        self._lock.touch(mode=0o600)
        lock = self._lock.open("r+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return None
        if not _is_still(lock, self._lock):
            lock.close()
            return None
        return lock


def _is_still(lock: IO[str], path: Path) -> bool:
    """Say whether the file we locked is still the one with this name."""
    return path.exists() and os.fstat(lock.fileno()).st_ino == path.stat().st_ino
