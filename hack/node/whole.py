"""A control plane and a node as one, for the command line."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import cluster
from cluster.progress import Report
from cluster.state import Folder
from node.node import Node, remove_leftovers, start
from node.settings import NODE_NAME

# Inside of the control plane's folder, and gone before that is.
_FOLDER: Final = "node"
_PATIENCE: Final = "--timeout=120s"


class WholeCluster:
    """A control plane with a node; leaving its context stops both."""

    def __init__(self, control_plane: cluster.ControlPlane, worker: Node) -> None:
        self.kubeconfig = control_plane.kubeconfig
        self._control_plane = control_plane
        self._worker = worker

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.stop()
        self._control_plane.stop()

    def check(self) -> None:
        """Raise ClusterError if a server has ended by itself."""
        self._worker.check()


def start_whole(directory: Path, *, crds: Sequence[Path], report: Report) -> WholeCluster:
    """Start a control plane and a node for it. Raise ClusterError."""
    control_plane = cluster.start(directory, crds=crds, report=report)
    try:
        return WholeCluster(control_plane, start(control_plane, directory / _FOLDER, report=report))
    except BaseException:
        control_plane.stop()
        raise


def clear(directory: Path) -> None:
    """Remove what a node left that was killed."""
    remove_leftovers(directory.absolute() / _FOLDER)


def await_node(directory: Path, kubectl: Path) -> None:
    """Wait until the node of a control plane that runs may be given pods. Raise ClusterError."""
    command = [str(kubectl), f"--kubeconfig={Folder(directory).kubeconfig}", "wait", _PATIENCE]
    # It is not there at first; `--for=create` waits for that.
    for fact in ("create", "condition=Ready"):
        waited = [*command, f"--for={fact}", f"node/{NODE_NAME}"]
        done = subprocess.run(waited, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise cluster.ClusterError(
                f"The node did not start: {done.stderr}",
                remedy=f"See {Folder(directory).supervisor_log}.",
            )
