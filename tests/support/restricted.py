"""Pods of users, as the restricted Pod Security Standard wants them."""

from collections.abc import Mapping, Sequence
from typing import Any

Resource = dict[str, Any]


def pod_spec(
    image: str,
    script: str,
    *,
    environment: Mapping[str, str],
    mounts: Sequence[Resource],
    volumes: Sequence[Resource],
) -> Resource:
    """Return the spec of a pod that runs a shell script as nobody in particular."""
    container = {
        "name": "client",
        "image": image,
        "imagePullPolicy": "Never",
        "command": ["/bin/sh", "-c", script],
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": list(mounts),
    }
    return {
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "runAsGroup": 1000,
            "fsGroup": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": list(volumes),
    }
