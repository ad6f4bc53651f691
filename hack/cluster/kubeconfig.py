"""The kubeconfig file: where the API server is, and who asks."""

import base64
import json
from pathlib import Path

from cluster.certificates import Pair

_NAME = "local"


def write_kubeconfig(path: Path, *, url: str, authority: Path, user: Pair) -> Path:
    """Write a file that holds all it needs, readable by its owner alone.

    It is JSON, which every reader of YAML reads.
    """
    cluster = {"server": url, "certificate-authority-data": _base64(authority)}
    credentials = {
        "client-certificate-data": _base64(user.certificate),
        "client-key-data": _base64(user.private_key),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _NAME, "cluster": cluster}],
        "users": [{"name": _NAME, "user": credentials}],
        "contexts": [{"name": _NAME, "context": {"cluster": _NAME, "user": _NAME}}],
        "current-context": _NAME,
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(document, indent=2) + "\n")
    return path


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
