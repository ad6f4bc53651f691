"""The API server over HTTP, as the administrator: quicker than a kubectl for each question."""

import base64
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

Resource = dict[str, Any]

_MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}
_APPLY_PATCH = {"Content-Type": "application/apply-patch+yaml"}


class ApiClient:
    """Reads and writes any resource by its path."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        document = json.loads(kubeconfig.read_text())
        cluster = document["clusters"][0]["cluster"]
        user = document["users"][0]["user"]
        pair = folder / "client.pem"
        pair.touch(mode=0o600)
        pair.write_bytes(
            base64.b64decode(user["client-certificate-data"])
            + base64.b64decode(user["client-key-data"])
        )
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        tls = ssl.create_default_context(cadata=authority)
        tls.load_cert_chain(pair)
        self._http = httpx.Client(
            base_url=cluster["server"], verify=tls, trust_env=False, timeout=10
        )

    def close(self) -> None:
        """Close the connections to the API server."""
        self._http.close()

    def get(self, path: str) -> Resource | None:
        """Return what is there, None if nothing is."""
        answer = self._http.get(path)
        return None if answer.status_code == 404 else _content(answer)

    def create(self, path: str, resource: Mapping[str, Any]) -> Resource:
        """Create a resource in a collection."""
        return _content(self._http.post(path, json=resource))

    def patch(self, path: str, change: Mapping[str, Any]) -> Resource:
        """Merge a change into a resource."""
        return _content(self._http.patch(path, content=json.dumps(change), headers=_MERGE_PATCH))

    def apply(self, path: str, resource: Mapping[str, Any]) -> Resource:
        """Apply a resource as the field manager that the path's query names."""
        content = json.dumps(resource)
        return _content(self._http.patch(path, content=content, headers=_APPLY_PATCH))

    def delete(self, path: str) -> None:
        """Ask for a deletion; what is not there is left."""
        answer = self._http.delete(path)
        if answer.status_code != 404:
            _content(answer)


def _content(answer: httpx.Response) -> Resource:
    assert answer.is_success, answer.text
    content: Resource = answer.json()
    return content
