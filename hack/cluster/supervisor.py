"""A control plane in a process of its own: in the foreground, or left behind by `up`."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final, Protocol, Self

from cluster.binaries import provide
from cluster.children import last_lines
from cluster.control_plane import start
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


class Running(Protocol):
    """A control plane, alone or with more around it."""

    kubeconfig: Path

    def check(self) -> None:
        """Raise ClusterError if a server has ended by itself."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Begin(Protocol):
    """What starts a control plane in a folder."""

    def __call__(self, directory: Path, *, crds: Sequence[Path], report: Report) -> Running:
        """Return once it works. Raise ClusterError."""


def run(
    directory: Path,
    *,
    crds: Sequence[Path],
    report: Report,
    bound: bool,
    begin: Begin = start,
) -> None:
    """Run a control plane until a signal, or where `bound` until the parent process dies.

    Raises ClusterError if it cannot start or if one of its servers ends.
    """
    parent = os.getppid()
    with _signals_raise():
        try:
            with begin(directory, crds=crds, report=report) as control_plane:
                report(f"Ready: KUBECONFIG={control_plane.kubeconfig}")
                _look_after(control_plane, lambda: not bound or os.getppid() == parent)
                _ignore_signals()
        except StopRequested:
            report("Stopped.")


def up(directory: Path, *, crds: Sequence[Path], report: Report, package: Path = _PACKAGE) -> Ready:
    """Leave a control plane behind that outlives this process, and return once it works.

    One that runs in this folder already is returned as it is. *package* is the one whose command
    `supervise` runs it.
    """
    folder = Folder(directory)
    if folder.holder() is None:
        provide(report)
        folder.create()
        return _await(folder, _left_behind(folder, crds, package))
    return _await(folder, None)


def down(directory: Path) -> bool:
    """Stop the control plane in this folder, clear the folder, and say whether one ran."""
    folder = Folder(directory)
    holder = folder.holder()
    if holder is not None:
        _end(folder, holder)
    folder.remove()
    return holder is not None


def _left_behind(folder: Folder, crds: Sequence[Path], package: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(package), "supervise", "--dir", str(folder.path)]
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


def _look_after(control_plane: Running, is_wanted: Callable[[], bool]) -> None:
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
