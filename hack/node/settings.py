"""How the servers of the node are set up."""

import json
from pathlib import Path
from typing import Final

from node.programs import Programs

# The API server dials a node by its host name, and this one is reached on loopback.
NODE_NAME: Final = "localhost"
# Where pods reach DNS, and ports of the host's loopback that the node exposes (RFC 5737: nobody
# has it).
HOST_ADDRESS: Final = "192.0.2.1"
# Where the Service "kubernetes" leads to, at the host's address. It is the usual port, which
# network policies know.
API_PORT: Final = 6443
PAUSE_IMAGE: Final = "localhost/pause:1"
CONTAINERD_SOCKET: Final = "/run/containerd/containerd.sock"
_POD_ADDRESSES: Final = "10.244.0.0/24"
_DOMAIN: Final = "cluster.local"
_CNI_PROGRAMS: Final = "/usr/lib/cni"


def containerd_config(*, cni: Path, snapshotter: str) -> str:
    """Return the configuration of containerd; paths that are not named are its defaults."""
    # Without restrict_oom_score_adj every sandbox dies where CAP_SYS_RESOURCE is missing.
    return f"""\
version = 3
[grpc]
  address = "{CONTAINERD_SOCKET}"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "{snapshotter}"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{PAUSE_IMAGE}"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["{_CNI_PROGRAMS}"]
  conf_dir = "{cni}"
"""


def cni_config() -> str:
    """Return the network of the pods: each has a link to the node, which leads no further."""
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": _POD_ADDRESSES}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    # No bridge: across that, answers would pass by the rules that translate a Service's address.
    network = {
        "cniVersion": "1.0.0",
        "name": "pods",
        "plugins": [{"type": "ptp", "ipam": addresses}],
    }
    return json.dumps(network, indent=2)


def proxy_config(kubeconfig: Path) -> str:
    """Return the configuration of kube-proxy, which leaves the kernel's settings alone."""
    return json.dumps(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": str(kubeconfig)},
            "hostnameOverride": NODE_NAME,
            "mode": "iptables",
            "clusterCIDR": _POD_ADDRESSES,
            "iptables": {"localhostNodePorts": False, "minSyncPeriod": "100ms"},
            "conntrack": {
                "maxPerCore": 0,
                "tcpEstablishedTimeout": "0s",
                "tcpCloseWaitTimeout": "0s",
            },
        },
        indent=2,
    )


def dns_config(kubeconfig: Path) -> str:
    """Return the configuration of CoreDNS, which knows the names of the cluster only."""
    return f"""\
.:53 {{
  errors
  kubernetes {_DOMAIN} {{
    kubeconfig {kubeconfig}
  }}
}}
"""


def api_endpoints() -> str:
    """Return where the Service "kubernetes" leads to: the API server itself does not say."""
    return json.dumps(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "kubernetes",
                "namespace": "default",
                "labels": {"kubernetes.io/service-name": "kubernetes"},
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": [HOST_ADDRESS]}],
            "ports": [{"name": "https", "port": API_PORT, "protocol": "TCP"}],
        }
    )


def kubelet_config(*, port: int, cgroup: str, plugins: Path) -> str:
    """Return the configuration of the kubelet; its port answers on the node's loopback only."""
    return json.dumps(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": "127.0.0.1",
            "port": port,
            "healthzPort": 0,
            # Whoever reaches this port is the API server, or root in the node.
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
            "authorization": {"mode": "AlwaysAllow"},
            "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{cgroup}",
            "cgroupsPerQOS": True,
            "enforceNodeAllocatable": [],
            "failCgroupV1": False,
            "failSwapOn": False,
            "makeIPTablesUtilChains": False,
            "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%"},
            "imageGCHighThresholdPercent": 100,
            "configMapAndSecretChangeDetectionStrategy": "Watch",
            "syncFrequency": "5s",
            "clusterDNS": [HOST_ADDRESS],
            "clusterDomain": _DOMAIN,
            "resolvConf": "",
            "volumePluginDir": str(plugins),
        },
        indent=2,
    )


def containerd_command(programs: Programs, config: Path) -> list[str]:
    """Return the command line of containerd."""
    return [str(programs.containerd), f"--config={config}"]


def kubelet_command(programs: Programs, *, config: Path, kubeconfig: Path) -> list[str]:
    """Return the command line of the kubelet."""
    return [
        str(programs.kubelet),
        f"--config={config}",
        f"--kubeconfig={kubeconfig}",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={HOST_ADDRESS}",
    ]


def proxy_command(programs: Programs, config: Path) -> list[str]:
    """Return the command line of kube-proxy."""
    return [str(programs.kube_proxy), f"--config={config}"]


def dns_command(programs: Programs, config: Path) -> list[str]:
    """Return the command line of CoreDNS."""
    return [str(programs.coredns), f"-conf={config}"]


def scheduler_command(programs: Programs, kubeconfig: Path) -> list[str]:
    """Return the command line of kube-scheduler, which serves nobody."""
    return [
        str(programs.kube_scheduler),
        f"--kubeconfig={kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
    ]
