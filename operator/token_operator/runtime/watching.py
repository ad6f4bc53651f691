"""The session through which kopf watches.

Its requests carry the present credentials, ask for metadata only where Secrets
are concerned, and report to the health of the process that a watch was opened.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import kopf
from kubernetes.aio.client import Configuration

from token_operator.cluster.api import METADATA, METADATA_LIST

MAX_CONNECTIONS: Final = 64
_NO_TUNNEL: Final = "The proxy answered with status {}."


def watch_name(path: str) -> str:
    """Return what health calls the watch at *path*: its resource, with its namespace if any."""
    parts = path.strip("/").split("/")
    namespace = parts[parts.index("namespaces") + 1] if "namespaces" in parts else ""
    return f"{parts[-1]}/{namespace}" if namespace else parts[-1]


class ListResponse(aiohttp.ClientResponse):
    """A response whose list is never null: an empty list of metadata has ``items: null``.

    kopf 1.45 iterates over it as it comes (seen with kube-apiserver 1.37.2).
    """

    async def json(self, **options: Any) -> Any:
        """Return the body, with an empty list in place of a null one."""
        body = await super().json(**options)
        if isinstance(body, dict) and body.get("items", ()) is None:
            body["items"] = []
        return body


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSession:
    """Makes sessions for kopf, which closes them itself."""

    configuration: Configuration
    user_agent: str
    watch_opened: Callable[[str], None]

    def open(self) -> kopf.AiohttpSession:
        """Return a new session."""
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, ssl=self._tls()),
            headers={"User-Agent": self.user_agent},
            middlewares=(self._prepare,),
            response_class=ListResponse,
            proxy=self.configuration.proxy,
        )
        return kopf.AiohttpSession(server=self.configuration.host, aiohttp_session=session)

    def _tls(self) -> ssl.SSLContext:
        found = self.configuration
        context = ssl.create_default_context(cafile=found.ssl_ca_cert, cadata=found.ca_cert_data)
        if found.cert_file:
            context.load_cert_chain(found.cert_file, keyfile=found.key_file)
        if not found.verify_ssl:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if found.disable_strict_ssl_verification:
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context

    async def _prepare(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        key = await self.configuration.get_api_key_with_prefix("BearerToken", "authorization")
        if key:
            request.headers["Authorization"] = key
        is_watch = request.url.query.get("watch") == "true"
        if request.url.path.endswith("/secrets"):
            request.headers["Accept"] = METADATA if is_watch else METADATA_LIST
        try:
            response = await handler(request)
        except aiohttp.ClientResponseError as error:
            # A proxy refused the tunnel. The error shows the proxy's URL with its password, and
            # kopf would not retry after it.
            raise aiohttp.ClientConnectionError(_NO_TUNNEL.format(error.status)) from None
        if is_watch and response.status == 200:
            self.watch_opened(watch_name(request.url.path))
        return response
