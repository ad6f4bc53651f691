"""The node of hack/node leaves the machine as it found it."""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

import cluster
import node
from cluster.progress import Report
from support.kubectl import Kubectl
from support.waiting import eventually

pytestmark = pytest.mark.e2e

_CGROUPS = Path("/sys/fs/cgroup")
# Ours, and those that kubelet and containerd make where nobody tells them.
_GROUPS = ("token-operator-node-*", "kubepods", "k8s.io/*")
_KERNEL_SETTINGS = (
    *("kernel/panic", "vm/overcommit_memory", "net/ipv4/ip_forward"),
    *("net/ipv4/conf/all/route_localnet", "net/netfilter/nf_conntrack_max"),
)
Traces = Callable[[], dict[str, object]]


@pytest.fixture(scope="module")
def control_plane(
    tmp_path_factory: pytest.TempPathFactory, report: Report
) -> Iterator[cluster.ControlPlane]:
    """Start one of our own: it has room for one node, and other tests may use theirs."""
    directory = tmp_path_factory.mktemp("local-node") / "control-plane"
    with cluster.start(directory, report=report) as running:
        yield running


@pytest.fixture
def kubectl(control_plane: cluster.ControlPlane) -> Kubectl:
    return Kubectl(control_plane.kubectl, control_plane.kubeconfig)


@pytest.fixture
def traces() -> Traces:
    """Tell what a node could have changed, as often as asked."""
    # A setting of a module that is not loaded is not there; the node may have it loaded.
    settings = [Path("/proc/sys", name) for name in _KERNEL_SETTINGS]
    there = [file for file in settings if file.exists()]
    return lambda: _traces(there)


def test_node_that_ran_a_pod_leaves_no_trace(
    control_plane: cluster.ControlPlane,
    kubectl: Kubectl,
    traces: Traces,
    tmp_path: Path,
    report: Report,
) -> None:
    before = traces()
    with node.start(control_plane, tmp_path / "node", report=report) as worker:
        _run_a_pod(kubectl)
        assert traces()["groups"] != before["groups"]
        assert eventually(lambda: "10.0.0.1/32" in worker.run("iptables-save", "--table=nat"))
        processes = _processes_of(worker.folder)
        assert len(processes) >= 2

    assert not (tmp_path / "node").exists()
    assert not [one for one in processes if Path("/proc", one).exists()]
    assert traces() == before


def test_node_that_cannot_start_says_why_and_leaves_no_trace(
    control_plane: cluster.ControlPlane,
    traces: Traces,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = traces()
    monkeypatch.setattr("node.settings.HOST_ADDRESS", "not an address")

    with pytest.raises(cluster.ClusterError, match="not an address"):
        node.start(control_plane, tmp_path / "node")

    assert not (tmp_path / "node").exists()
    assert traces() == before


def _run_a_pod(kubectl: Kubectl) -> None:
    image = ("--image=localhost/pause:1", "--image-pull-policy=Never")
    kubectl("run", "trace", "--namespace=default", *image)
    kubectl("wait", "--for=condition=Ready", "pod/trace", "--namespace=default", "--timeout=60s")
    kubectl("delete", "pod", "trace", "--namespace=default", "--grace-period=0", "--force")


def _traces(kernel_settings: Sequence[Path]) -> dict[str, object]:
    """Return what a node could have changed on this machine."""
    return {
        "mounts": Path("/proc/self/mountinfo").read_text(),
        "network": sorted(path.name for path in Path("/sys/class/net").iterdir()),
        "rules": _rules(),
        "groups": sorted(str(group) for name in _GROUPS for group in _CGROUPS.glob(f"**/{name}")),
        "kernel": [file.read_text() for file in kernel_settings],
        "folders": [Path(name).exists() for name in ("/var/lib/kubelet", "/run/containerd")],
    }


def _rules() -> list[str]:
    """Return what the machine does with packets, without counters and dates."""
    program = shutil.which("iptables-save")
    if program is None:
        return []
    done = subprocess.run([program], capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if line.startswith("-A")]


def _processes_of(folder: Path) -> list[str]:
    def command_line(process: Path) -> str:
        try:
            return (process / "cmdline").read_text()
        except OSError:
            return ""

    everybody = Path("/proc").glob("[0-9]*")
    return eventually(lambda: [one.name for one in everybody if str(folder) in command_line(one)])
