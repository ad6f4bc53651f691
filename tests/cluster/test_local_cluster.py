"""The local control plane: it works, and nothing of it outlives its use."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cluster
from support.kubectl import Kubectl

pytestmark = pytest.mark.cluster

_PROGRAM = Path(__file__).parents[2] / "hack" / "cluster"
_PATIENCE = 20.0


class Command:
    """Runs `hack/cluster` on one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run one command and return what it said."""
        return subprocess.run(self.line(name), capture_output=True, text=True, check=False)

    def line(self, name: str) -> list[str]:
        """Return the command line of one command."""
        return [sys.executable, str(_PROGRAM), name, "--dir", str(self.folder)]


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path / "control-plane")
    yield command
    command("down")


def test_control_plane_of_the_tests_answers_and_its_controllers_work(
    kubectl: Kubectl, namespace: str
) -> None:
    assert _comes_true(
        lambda: "default" in kubectl("get", "serviceaccounts", "-n", namespace).stdout
    )


def test_up_leaves_one_control_plane_behind_and_down_leaves_nothing(command: Command) -> None:
    first, second = command("up"), command("up")
    kubeconfig = command.folder / "kubeconfig"
    kubectl = Kubectl(_kubectl_named_by(first.stdout), kubeconfig)

    assert first.returncode == 0, first.stderr
    assert second.stdout == first.stdout
    assert "default" in kubectl("get", "namespaces").stdout
    assert kubeconfig.stat().st_mode & 0o077 == 0

    assert command("down").stdout == "Stopped.\n"
    assert _comes_true(lambda: _processes_of(command.folder) == [])
    assert not command.folder.exists()
    assert command("status").returncode == 1


def test_servers_die_with_a_killed_supervisor_and_the_next_up_starts_anew(
    command: Command,
) -> None:
    supervisor = _process_named_by(command("up").stdout)
    assert len(_processes_of(command.folder)) == 4

    os.kill(supervisor, signal.SIGKILL)

    assert _comes_true(lambda: _processes_of(command.folder) == [])
    assert command("status").returncode == 1
    assert _process_named_by(command("up").stdout) != supervisor


def test_run_ends_with_its_parent(command: Command) -> None:
    # The shell stays the parent, because something follows the command.
    script = '"$@" & echo started; wait; echo ended'
    shell = subprocess.Popen(
        ["/bin/sh", "-c", script, "sh", *command.line("run")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert _comes_true(lambda: command("status").returncode == 0)

    shell.kill()
    shell.wait()

    assert _comes_true(lambda: _processes_of(command.folder) == [])
    assert not command.folder.exists()


def test_folder_of_somebody_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()

    with pytest.raises(cluster.ClusterError, match="is not empty and holds no control plane"):
        cluster.start(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_start_is_refused_in_a_thread_that_may_end_before_the_process(tmp_path: Path) -> None:
    said: list[str] = []

    def start() -> None:
        with pytest.raises(cluster.ClusterError) as refusal:
            cluster.start(tmp_path / "control-plane")
        said.append(str(refusal.value))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()

    assert "Start it from the main thread." in said[0]


def test_folder_with_a_running_control_plane_is_refused(
    control_plane: cluster.ControlPlane,
) -> None:
    with pytest.raises(cluster.ClusterError, match="A control plane runs in"):
        cluster.start(control_plane.kubeconfig.parent)


def _comes_true(fact: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _processes_of(folder: Path) -> list[str]:
    """Return the command lines that name this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in line:
            found.append(line.replace(b"\0", b" ").decode())
    return found


def _process_named_by(usage: str) -> int:
    found = re.search(r"\(process (\d+)\)", usage)
    assert found, usage
    return int(found[1])


def _kubectl_named_by(usage: str) -> Path:
    found = re.search(r"export PATH=(.*):\$PATH", usage)
    assert found, usage
    return Path(found[1]) / "kubectl"
