"""An API server on the loopback interface that knows one Lease, with its laws of concurrency."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from kubernetes.aio.client import Configuration

from token_operator.cluster.api import Api
from token_operator.cluster.connecting import client_for

_REASONS = {403: "Forbidden", 404: "NotFound", 409: "Conflict", 503: "ServiceUnavailable"}


class LeaseServer:
    """The Lease as it is stored, and what happens to the next requests."""

    def __init__(self) -> None:
        self.url = ""
        self.lease: dict[str, Any] | None = None
        # Answer everything with this status.
        self.trouble = 0
        # Answer nothing until this is set.
        self.answers = asyncio.Event()
        self.answers.set()
        # Called when a request has arrived, with its method; before it is acted on.
        self.on_request: Callable[[str], None] = lambda _method: None
        self._version = 0

    @property
    def spec(self) -> dict[str, Any]:
        """What the Lease says; fails if there is none."""
        assert self.lease is not None
        spec: dict[str, Any] = self.lease["spec"]
        return spec

    def store(self, holder: str, *, seconds: int = 15, transitions: int = 0) -> None:
        """Store a Lease as somebody else writes it."""
        spec = {"holderIdentity": holder, "leaseDurationSeconds": seconds}
        self._store({"metadata": {}, "spec": spec | {"leaseTransitions": transitions}})

    def _store(self, lease: dict[str, Any]) -> dict[str, Any]:
        self._version += 1
        metadata = {**lease["metadata"], "resourceVersion": str(self._version)}
        self.lease = {**lease, "metadata": metadata}
        return self.lease

    async def serve(self, request: web.Request) -> web.Response:
        """Answer one request."""
        body: dict[str, Any] = await request.json() if request.can_read_body else {}
        self.on_request(request.method)
        await self.answers.wait()
        if self.trouble:
            return _refusal(self.trouble)
        match request.method:
            case "GET":
                return web.json_response(self.lease) if self.lease else _refusal(404)
            case "POST":
                return _refusal(409) if self.lease else web.json_response(self._store(body))
            case _:
                return self._replace(body)

    def _replace(self, body: dict[str, Any]) -> web.Response:
        if self.lease is None:
            return _refusal(404)
        if body["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            return _refusal(409)
        return web.json_response(self._store(body))


def _refusal(status: int) -> web.Response:
    body = {"kind": "Status", "status": "Failure", "code": status, "reason": _REASONS[status]}
    return web.json_response(body, status=status)


@asynccontextmanager
async def lease_server() -> AsyncIterator[tuple[LeaseServer, Api]]:
    """Serve on a free port; yield the server and the operator's own way to it."""
    server = LeaseServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found = Configuration()
    found.connection_pool_maxsize = 8
    found.host = server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    api = Api(client_for(found, "salesforce-token-operator/test"))
    try:
        yield server, api
    finally:
        server.answers.set()
        await api.close()
        await runner.cleanup()
