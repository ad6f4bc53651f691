"""One control plane: started in a folder, used, stopped, gone.

Its processes are bound to the life of the process that starts it.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final, Self

from cluster.binaries import provide
from cluster.children import Child
from cluster.errors import ClusterError
from cluster.progress import Report, say_nothing
from cluster.readiness import ended
from cluster.startup import Startup, stop_all
from cluster.state import Folder, Ready

# A port that was free when we looked may be taken when a server wants it.
_ATTEMPTS: Final = 3
_PORT_TAKEN: Final = "address already in use"


class ControlPlane:
    """A Kubernetes control plane that answers on loopback; leaving its context stops it."""

    def __init__(self, folder: Folder, lock: IO[str], ready: Ready, children: list[Child]) -> None:
        self.url = ready.url
        self.kubeconfig = folder.kubeconfig
        self.kubectl = Path(ready.kubectl)
        self.logs = folder.logs
        # Every request, one JSON object a line; written where `start` got `audit`.
        self.audit_log = folder.audit_log
        self._folder = folder
        self._lock = lock
        self._children = children

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop all servers and remove what they left; a second call does nothing."""
        if not self._lock.closed:
            stop_all(self._children)
            self._folder.remove()
            self._lock.close()

    def check(self) -> None:
        """Raise ClusterError if a server has ended by itself."""
        for child in self._children:
            if child.has_ended():
                raise ended(child)


def start(
    directory: Path,
    *,
    crds: Sequence[Path] = (),
    report: Report = say_nothing,
    audit: bool = False,
) -> ControlPlane:
    """Start a control plane and return it once it works.

    `directory` must be empty, absent or of an earlier control plane. Definitions in `crds`
    (files or folders) are established before the controllers start, because the garbage
    collector looks for new kinds every 30 s only. The programs are built if they are not yet:
    that takes minutes and is reported line by line to `report`. With `audit` the API server writes
    down who asked it for what. Raises ClusterError, which names the remedy.
    """
    binaries = provide(report)
    folder = Folder(directory)
    folder.create()
    lock = folder.take()
    try:
        servers = _servers(lambda: Startup(folder, binaries, audit=audit), folder, crds, report)
    except BaseException:
        lock.close()
        raise
    ready = Ready(pid=os.getpid(), url=servers.url, kubectl=str(binaries.kubectl))
    folder.tell_ready(ready)
    return ControlPlane(folder, lock, ready, servers.children)


def _servers(
    prepare: Callable[[], Startup], folder: Folder, crds: Sequence[Path], report: Report
) -> Startup:
    for attempts_left in reversed(range(_ATTEMPTS)):
        folder.clear()
        servers = prepare()
        try:
            servers.run(crds)
        except ClusterError as error:
            if not attempts_left or _PORT_TAKEN not in str(error):
                raise
            report("Another program was faster to take a port: starting again.")
        else:
            return servers
    raise AssertionError  # the last attempt returns or raises
