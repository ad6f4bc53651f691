"""What the first process of a node starts, and the files that it needs for that."""

import json
from dataclasses import dataclass
from pathlib import Path

from node import images, settings
from node.programs import Programs


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What differs from one node to the next."""

    folder: Path
    kubeconfig: Path
    kubelet_port: int
    cgroup: str

    @property
    def logs(self) -> Path:
        """Where the servers' output goes."""
        return self.folder / "logs"

    @property
    def started_file(self) -> Path:
        """What appears once all servers were started."""
        return self.folder / "started"


def write(place: Place, programs: Programs) -> Path:
    """Write the configuration of all servers and how they are started; return the file of that."""
    network = place.folder / "cni"
    network.mkdir()
    (network / "pods.conflist").write_text(settings.cni_config())
    specified = {
        "folder": str(place.folder),
        "addresses": [settings.HOST_ADDRESS],
        "started_file": str(place.started_file),
        "servers": [
            _containerd(place, programs, network),
            _kubelet(place, programs),
            _proxy(place, programs),
            _dns(place, programs),
        ],
    }
    return _written(place, "specification.json", json.dumps(specified))


def _containerd(place: Place, programs: Programs, network: Path) -> dict[str, object]:
    snapshotter = images.snapshotter(place.folder)
    config = settings.containerd_config(cni=network, snapshotter=snapshotter)
    command = settings.containerd_command(programs, _written(place, "containerd.toml", config))
    return _server(place, "containerd", command, ready_file=settings.CONTAINERD_SOCKET)


def _kubelet(place: Place, programs: Programs) -> dict[str, object]:
    plugins = place.folder / "plugins"
    config = settings.kubelet_config(port=place.kubelet_port, cgroup=place.cgroup, plugins=plugins)
    file = _written(place, "kubelet.json", config)
    command = settings.kubelet_command(programs, config=file, kubeconfig=place.kubeconfig)
    return _server(place, "kubelet", command)


def _proxy(place: Place, programs: Programs) -> dict[str, object]:
    config = _written(place, "kube-proxy.json", settings.proxy_config(place.kubeconfig))
    return _server(place, "kube-proxy", settings.proxy_command(programs, config))


def _dns(place: Place, programs: Programs) -> dict[str, object]:
    config = _written(place, "Corefile", settings.dns_config(place.kubeconfig))
    return _server(place, "coredns", settings.dns_command(programs, config))


def _server(
    place: Place, name: str, command: list[str], *, ready_file: str | None = None
) -> dict[str, object]:
    log = str(place.logs / f"{name}.log")
    return {"name": name, "command": command, "log": log, "ready_file": ready_file}


def _written(place: Place, name: str, content: str) -> Path:
    path = place.folder / name
    path.write_text(content)
    return path
