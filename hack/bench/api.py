"""The API server over HTTP, as the administrator, many requests at once."""

import base64
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

import aiohttp

from bench.waiting import BenchError

Resource = dict[str, Any]

_MERGE_PATCH: Final = {"Content-Type": "application/merge-patch+json"}
_METADATA: Final = {"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
_NO_QUERY: Final[Mapping[str, str]] = MappingProxyType({})


class Api:
    """Reads and writes any resource by its path."""

    def __init__(self, server: str, tls: ssl.SSLContext) -> None:
        self._server = server
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls, limit=0), timeout=aiohttp.ClientTimeout()
        )

    @classmethod
    def of(cls, kubeconfig: Path, folder: Path) -> Self:
        """Return the API server of a kubeconfig that hack/cluster wrote."""
        document = json.loads(kubeconfig.read_text())
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        pair = folder / "administrator.pem"
        pair.touch(mode=0o600)
        parts = (user["client-certificate-data"], user["client-key-data"])
        pair.write_bytes(b"".join(map(base64.b64decode, parts)))
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        tls = ssl.create_default_context(cadata=authority)
        tls.load_cert_chain(pair)
        return cls(cluster["server"], tls)

    async def close(self) -> None:
        """Close the connections to the API server."""
        await self._http.close()

    async def get(self, path: str, query: Mapping[str, str] = _NO_QUERY) -> Resource:
        """Return what is there."""
        async with self._http.get(self._server + path, params=query) as answer:
            return await _content(answer)

    async def create(self, path: str, resource: Mapping[str, Any]) -> Resource:
        """Create a resource in a collection."""
        async with self._http.post(self._server + path, json=resource) as answer:
            return await _content(answer)

    async def patch(self, path: str, change: Mapping[str, Any]) -> Resource:
        """Merge a change into a resource."""
        body = json.dumps(change)
        async with self._http.patch(self._server + path, data=body, headers=_MERGE_PATCH) as answer:
            return await _content(answer)

    async def watch(self, path: str, query: Mapping[str, str]) -> AsyncIterator[Resource]:
        """Yield what happens to the metadata of a collection, first all that is there."""
        wanted = {"watch": "true", "timeoutSeconds": "7200", **query}
        async with self._http.get(self._server + path, params=wanted, headers=_METADATA) as answer:
            async for line in answer.content:
                yield json.loads(line)


async def _content(answer: aiohttp.ClientResponse) -> Resource:
    if not answer.ok:
        raise BenchError(f"The API server refused: {await answer.text()}")
    content: Resource = await answer.json()
    return content
