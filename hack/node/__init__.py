"""A real Kubernetes node beside the local control plane, without Docker and without a registry.

Kubelet, kube-proxy, containerd, DNS and the pods live in namespaces of the node's own (mounts,
network, processes): nothing of the host's is changed, and all of it ends with its first process.
Needs root.

    with cluster.start(folder / "control-plane") as control_plane:
        with node.start(control_plane, folder / "node") as worker:
            worker.load(images.archive(name, folder / "image.tar"))
            address = worker.expose(port)  # a loopback port of ours, as pods reach it

Layers, an upper one imports lower ones only:
whole > node > specification > images > settings > programs.
"""

from node.node import Node, start

__all__ = ["Node", "start"]
