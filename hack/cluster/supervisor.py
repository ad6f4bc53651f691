"""A control plane in a process of its own: in the foreground, or left behind by `up`."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from cluster.binaries import provide
from cluster.children import last_lines
from cluster.control_plane import ControlPlane, start
from cluster.errors import ClusterError
from cluster.progress import Report
from cluster.state import Folder, Ready

_POLL: Final = 0.1
_LOOK_AFTER: Final = 0.25
# Seconds; three servers with 3 s each, and some more.
_STOP_PATIENCE: Final = 20.0
_PACKAGE: Final = Path(__file__).parent


class StopRequested(BaseException):
    """Somebody asked this process to end."""


def run(directory: Path, *, crds: Sequence[Path], report: Report, bound: bool) -> None:
    """Run a control plane until a signal, or where `bound` until the parent process dies.

    Raises ClusterError if it cannot start or if one of its servers ends.
    """
    parent = os.getppid()
    with _signals_raise():
        try:
            with start(directory, crds=crds, report=report) as control_plane:
                report(f"Ready: KUBECONFIG={control_plane.kubeconfig}")
                _look_after(control_plane, lambda: not bound or os.getppid() == parent)
                _ignore_signals()
        except StopRequested:
            report("Stopped.")


def up(directory: Path, *, crds: Sequence[Path], report: Report) -> Ready:
    """Leave a control plane behind that outlives this process, and return once it works.

    One that runs in this folder already is returned as it is.
    """
    folder = Folder(directory)
    if folder.holder() is None:
        provide(report)
        folder.create()
        return _await(folder, _left_behind(folder, crds))
    return _await(folder, None)


def down(directory: Path) -> bool:
    """Stop the control plane in this folder, clear the folder, and say whether one ran."""
    folder = Folder(directory)
    holder = folder.holder()
    if holder is not None:
        _end(folder, holder)
    folder.remove()
    return holder is not None


def _left_behind(folder: Folder, crds: Sequence[Path]) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(_PACKAGE), "supervise", "--dir", str(folder.path)]
    command += [part for path in crds for part in ("--crds", str(path.absolute()))]
    with folder.supervisor_log.open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
        )


def _await(folder: Folder, supervisor: subprocess.Popen[bytes] | None) -> Ready:
    while True:
        ready = folder.ready()
        if ready is not None:
            return ready
        ended = supervisor is None or supervisor.poll() is not None
        if ended and folder.holder() is None:
            raise ClusterError(
                f"The control plane did not start:\n{last_lines(folder.supervisor_log)}",
                remedy=f"The logs of its servers are in {folder.logs}.",
            )
        time.sleep(_POLL)


def _end(folder: Folder, holder: int) -> None:
    os.kill(holder, signal.SIGTERM)
    if not _comes_true(lambda: folder.holder() != holder):
        # Its servers die with it.
        os.kill(holder, signal.SIGKILL)
        _comes_true(lambda: folder.holder() != holder)


def _comes_true(fact: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _STOP_PATIENCE
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True


def _look_after(control_plane: ControlPlane, is_wanted: Callable[[], bool]) -> None:
    try:
        while is_wanted():
            control_plane.check()
            time.sleep(_LOOK_AFTER)
    except StopRequested:
        # A second signal must not interrupt the stopping.
        _ignore_signals()
        raise


_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def _signals_raise() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise StopRequested

    before = {each: signal.signal(each, stop) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _ignore_signals() -> None:
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
