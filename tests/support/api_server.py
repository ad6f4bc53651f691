"""The API server over HTTP, for tests that ask it hundreds of questions."""

import base64
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

_CONNECTIONS = (
    "/apis/salesforce-token.dev/v1alpha1/namespaces/{namespace}/salesforceconnections{rest}"
)
# Nothing is stored, and an unknown field is an error.
_ONLY_ASK = {"dryRun": "All", "fieldValidation": "Strict"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the API server makes of a connection."""

    accepted: bool
    resource: dict[str, Any]
    refusals: frozenset[tuple[str, str]]

    def refuses(self, field: str, says: str) -> bool:
        """Say whether a refusal names this field and says this."""
        return any(where == field and says in message for where, message in self.refusals)


class ApiServer:
    """Asks the API server what it would make of a connection."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        document = json.loads(kubeconfig.read_text())
        cluster = document["clusters"][0]["cluster"]
        user = document["users"][0]["user"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        tls = ssl.create_default_context(cadata=authority)
        pair = folder / "client.pem"
        pair.touch(mode=0o600)
        pair.write_bytes(
            base64.b64decode(user["client-certificate-data"])
            + base64.b64decode(user["client-key-data"])
        )
        tls.load_cert_chain(pair)
        self._http = httpx.Client(base_url=cluster["server"], verify=tls, trust_env=False)

    def close(self) -> None:
        """Close the connections to the API server."""
        self._http.close()

    def ask_create(self, resource: Mapping[str, Any], namespace: str = "default") -> Answer:
        """Ask what would become of a new connection."""
        path = _CONNECTIONS.format(namespace=namespace, rest="")
        return _answer(self._http.post(path, params=_ONLY_ASK, json=resource))

    def ask_status(self, status: object, name: str, namespace: str) -> Answer:
        """Ask what would become of a connection with this status."""
        path = _CONNECTIONS.format(namespace=namespace, rest=f"/{name}/status")
        current = self._http.get(path).raise_for_status().json()
        return _answer(self._http.put(path, params=_ONLY_ASK, json=current | {"status": status}))


def _answer(response: httpx.Response) -> Answer:
    body = response.json()
    causes = body.get("details", {}).get("causes", []) if body["kind"] == "Status" else []
    return Answer(
        accepted=response.is_success,
        resource=body,
        refusals=frozenset((each.get("field", ""), each["message"]) for each in causes),
    )
