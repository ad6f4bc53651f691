"""How each server of the control plane is started. All listen on loopback only."""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cluster.binaries import Binaries
from cluster.certificates import Pair

_LOOPBACK: Final = "127.0.0.1"
_SERVICE_ADDRESSES: Final = "10.0.0.0/24"
# What tests of an operator can meet: garbage collection, namespaces, service accounts and
# workloads; and what a node of hack/node needs to be given pods. The rest needs clouds.
_CONTROLLERS: Final = (
    "clusterrole-aggregation-controller",
    "daemonset-controller",
    "deployment-controller",
    "disruption-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "node-lifecycle-controller",
    "replicaset-controller",
    "resourcequota-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "statefulset-controller",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The loopback ports of one control plane."""

    etcd: int
    etcd_peer: int
    api_server: int


def free_ports() -> Ports:
    """Return three ports that are free now; somebody else may take one before we do."""
    sockets = [socket.create_server((_LOOPBACK, 0)) for _ in range(3)]
    numbers = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return Ports(etcd=numbers[0], etcd_peer=numbers[1], api_server=numbers[2])


def api_server_url(ports: Ports) -> str:
    """Return where the API server answers."""
    return f"https://{_LOOPBACK}:{ports.api_server}"


def etcd_command(binaries: Binaries, ports: Ports, data: Path) -> list[str]:
    """Return the command line of etcd, which here may forget everything in a crash."""
    client, peer = f"http://{_LOOPBACK}:{ports.etcd}", f"http://{_LOOPBACK}:{ports.etcd_peer}"
    return [
        str(binaries.etcd),
        f"--data-dir={data}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def audit_flags(policy: Path, log: Path) -> list[str]:
    """Return what makes kube-apiserver write down every request before it answers."""
    return [f"--audit-policy-file={policy}", f"--audit-log-path={log}"]


def api_server_command(
    binaries: Binaries, ports: Ports, *, authority: Path, serving: Pair, accounts: Pair
) -> list[str]:
    """Return the command line of kube-apiserver, with client certificates and RBAC."""
    return [
        str(binaries.kube_apiserver),
        f"--etcd-servers=http://{_LOOPBACK}:{ports.etcd}",
        f"--bind-address={_LOOPBACK}",
        f"--secure-port={ports.api_server}",
        # An advertised loopback address is refused, so nothing is advertised.
        "--endpoint-reconciler-type=none",
        f"--service-cluster-ip-range={_SERVICE_ADDRESSES}",
        f"--client-ca-file={authority}",
        f"--tls-cert-file={serving.certificate}",
        f"--tls-private-key-file={serving.private_key}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={accounts.certificate}",
        f"--service-account-signing-key-file={accounts.private_key}",
        "--authorization-mode=RBAC",
        # The kubelet of hack/node is reached by the name of its node, which is "localhost".
        "--kubelet-preferred-address-types=Hostname",
        "--profiling=false",
    ]


def controller_manager_command(
    binaries: Binaries, *, kubeconfig: Path, authority: Path, accounts: Pair
) -> list[str]:
    """Return the command line of kube-controller-manager, with the controllers that tests meet."""
    return [
        str(binaries.kube_controller_manager),
        f"--kubeconfig={kubeconfig}",
        f"--controllers={','.join(_CONTROLLERS)}",
        f"--root-ca-file={authority}",
        f"--service-account-private-key-file={accounts.private_key}",
        "--use-service-account-credentials",
        "--leader-elect=false",
        "--secure-port=0",
        # Deleting thousands of dependents must not wait for the client's own brake.
        "--kube-api-qps=2000",
        "--kube-api-burst=4000",
        "--concurrent-gc-syncs=40",
        "--concurrent-namespace-syncs=20",
    ]
