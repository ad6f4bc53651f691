"""Requests through a proxy or directly, by the host that they are for."""

from collections.abc import Callable
from typing import Final

import httpx

from token_operator.proxies import Proxies

# The mark on a request that was sent through a proxy.
BY_PROXY: Final = "token_operator.by_proxy"


class Routing(httpx.AsyncBaseTransport):
    """A transport that sends each request by the proxy of its host, or directly."""

    def __init__(
        self, proxies: Proxies, make: Callable[[str | None], httpx.AsyncBaseTransport]
    ) -> None:
        self._proxies = proxies
        # One for each proxy of the process, and one for none.
        self._routes = {proxy: make(proxy) for proxy in {None, proxies.https}}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        url = request.url
        proxy = self._proxies.route(url.scheme, url.host, url.port or 443)
        request.extensions[BY_PROXY] = proxy is not None
        return await self._routes[proxy].handle_async_request(request)

    async def aclose(self) -> None:
        """Close all connections."""
        for route in self._routes.values():
            await route.aclose()
