"""One node: started in a folder beside a control plane, used, stopped, gone."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from cluster import ClusterError, ControlPlane
from cluster.children import Child, start_child
from cluster.progress import Report, say_nothing
from cluster.readiness import wait_until
from node import cgroups, images, programs, settings, specification
from node.programs import Programs

_HERE: Final = Path(__file__).parent
# Seconds. Nothing of a node is kept, so nobody waits for a slow farewell.
_GRACE: Final = 2.0
_MARK: Final = "cgroup"
_PRIVATE: Final = ("--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL")


class Node:
    """A Kubernetes node that runs pods; leaving its context ends it and removes its traces."""

    def __init__(self, control_plane: ControlPlane, folder: Path, found: Programs) -> None:
        self.folder = folder
        self.logs = folder / "logs"
        self._control_plane = control_plane
        self._programs = found
        self._cgroup = ""
        self._children: list[Child] = []
        self._first_process = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Bring the node up, until it may be given pods. Raise ClusterError."""
        _make_folder(self.folder)
        self._cgroup = cgroups.create()
        (self.folder / _MARK).write_text(self._cgroup)
        api_server = urlsplit(self._control_plane.url).netloc
        port = _free_port()
        self._start_inside(port)
        inside = self._first_process
        self._forward(inside, api_server, os.getpid(), api_server)
        at = f"{settings.HOST_ADDRESS}:{settings.API_PORT}"
        self._forward(inside, at, os.getpid(), api_server)
        self._tell_where_the_api_server_is()
        self._forward(os.getpid(), f"127.0.0.1:{port}", inside, f"127.0.0.1:{port}")
        kubeconfig = self._control_plane.kubeconfig
        self._start("kube-scheduler", settings.scheduler_command(self._programs, kubeconfig))
        self.load(images.pause(self._programs.pause, self.folder))
        wait_until(self._is_ready, "the node to be ready", self._children)

    def expose(self, port: int) -> str:
        """Let pods reach a port of the host's loopback, and return its address in the node."""
        address = f"{settings.HOST_ADDRESS}:{port}"
        self._forward(self._first_process, address, os.getpid(), f"127.0.0.1:{port}")
        return address

    def load(self, archive: Path) -> None:
        """Give the node an image from an archive; pods use it by `imagePullPolicy: Never`."""
        self.run(str(self._programs.ctr), "--namespace=k8s.io", "images", "import", str(archive))

    def signal(self, container: str, name: str) -> None:
        """Send a signal, SIGKILL for instance, to the process of a container."""
        control = (str(self._programs.ctr), "--namespace=k8s.io", "task", "kill")
        self.run(*control, f"--signal={name}", container)

    def run(self, *command: str) -> str:
        """Run a program in the node's namespaces and return its output. Raise ClusterError."""
        enter = ["nsenter", f"--target={self._first_process}", "--mount", "--net", "--pid"]
        done = subprocess.run([*enter, *command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ClusterError(
                f"{' '.join(command)} failed in the node:\n{done.stdout}{done.stderr}",
                remedy=f"The logs of its servers are in {self.logs}.",
            )
        return done.stdout

    def check(self) -> None:
        """Raise ClusterError if one of the node's servers has ended by itself."""
        self._control_plane.check()
        for child in self._children:
            if child.has_ended():
                raise ClusterError(
                    f"{child.name} of the node ended:\n{child.last_lines()}",
                    remedy="What is wrong stands in the lines above.",
                )

    def stop(self) -> None:
        """End the node and remove what it left; a second call does nothing."""
        while self._children:
            child = self._children.pop()
            # With the first process of a namespace the kernel ends all others, before it reports
            # its parent; whereas the parent's end would come before theirs.
            for first_process in _children_of(child.process.pid):
                os.kill(first_process, signal.SIGKILL)
            child.stop(_GRACE)
        remove_leftovers(self.folder)

    def _start_inside(self, kubelet_port: int) -> None:
        place = specification.Place(
            folder=self.folder,
            kubeconfig=self._control_plane.kubeconfig,
            kubelet_port=kubelet_port,
            cgroup=self._cgroup,
        )
        written = specification.write(place, self._programs)
        program = [sys.executable, "-I", "-S", str(_HERE / "inside.py"), str(written)]
        self._start("node", ["/usr/bin/unshare", *_PRIVATE, *program])
        wait_until(place.started_file.exists, "the servers of the node to start", self._children)
        (self._first_process,) = _children_of(self._children[0].process.pid)

    def _forward(self, listen_in: int, listen_at: str, connect_in: int, connect_to: str) -> None:
        arguments = [str(listen_in), listen_at, str(connect_in), connect_to]
        program = [sys.executable, "-I", "-S", str(_HERE / "forwarder.py")]
        self._start(f"forwarder-{listen_at.replace(':', '-')}", [*program, *arguments])

    def _tell_where_the_api_server_is(self) -> None:
        done = self._kubectl("apply", "--filename=-", content=settings.api_endpoints())
        if done.returncode != 0:
            raise ClusterError(
                f"The Service of the API server could not be led to it:\n{done.stderr}",
                remedy=f"The logs of the control plane are in {self._control_plane.logs}.",
            )

    def _is_ready(self) -> bool:
        jsonpath = "jsonpath={.status.conditions[?(@.type=='Ready')].status} {.spec.taints}"
        answer = self._kubectl("get", "node", settings.NODE_NAME, "--output", jsonpath)
        time.sleep(0.2)
        return answer.stdout.strip() == "True"

    def _kubectl(self, *arguments: str, content: str = "") -> subprocess.CompletedProcess[str]:
        kubeconfig = f"--kubeconfig={self._control_plane.kubeconfig}"
        return subprocess.run(
            [self._control_plane.kubectl, kubeconfig, *arguments],
            input=content,
            capture_output=True,
            text=True,
            check=False,
        )

    def _start(self, name: str, command: Sequence[str]) -> None:
        self._children.append(start_child(name, command, self.logs / f"{name}.log"))


def start(control_plane: ControlPlane, directory: Path, *, report: Report = say_nothing) -> Node:
    """Start a node for this control plane and return it once it may be given pods.

    Its programs are installed and built if they are not yet: that takes minutes and is
    reported line by line to `report`. Raises ClusterError, which names the remedy.
    """
    if not programs.kernel_is_able():
        raise ClusterError("A node needs root.", remedy="Run it as root, or go without a node.")
    started = Node(control_plane, directory.absolute(), programs.provide(report))
    try:
        started.start()
    except BaseException:
        started.stop()
        raise
    return started


def remove_leftovers(folder: Path) -> None:
    """Remove what a node left in its folder and among the control groups, if there was one."""
    mark = folder / _MARK
    if mark.exists():
        cgroups.remove(mark.read_text())
        shutil.rmtree(folder)


def _make_folder(folder: Path) -> None:
    remove_leftovers(folder)
    folder.mkdir(mode=0o700, parents=True)
    (folder / "logs").mkdir()


def _children_of(process: int) -> list[int]:
    file = Path(f"/proc/{process}/task/{process}/children")
    return list(map(int, file.read_text().split())) if file.exists() else []


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
