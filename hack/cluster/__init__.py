"""A real Kubernetes control plane on loopback, without Docker and without a registry.

Tests and developers get etcd, kube-apiserver and kube-controller-manager, built
once from source by the Go client and kept in a cache outside the checkout:

    with cluster.start(tmp_path / "cluster", crds=[Path("crds")]) as control_plane:
        ...  # control_plane.kubeconfig, .kubectl, .url

The processes live no longer than the process that started them.
"""

from cluster.control_plane import ControlPlane, start
from cluster.errors import ClusterError

__all__ = ["ClusterError", "ControlPlane", "start"]
