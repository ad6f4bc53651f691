"""Kubeconfigs that act as service accounts."""

import json
from pathlib import Path

from support.kubectl import Kubectl


def account_kubeconfig(kubectl: Kubectl, namespace: str, account: str, folder: Path) -> Path:
    """Write a kubeconfig with a token of a service account that exists, and return where."""
    token = kubectl("create", "token", account, "--namespace", namespace).stdout.strip()
    document = json.loads(kubectl.kubeconfig.read_text())
    document["users"][0]["user"] = {"token": token}
    path = folder / f"{namespace}-{account}.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(document))
    return path
