"""The admin API: plain HTTP and JSON on loopback, made for curl."""

import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from fakeorg.model.directory import Directory
from fakeorg.server.admin_orgs import OpenOrg, OrgRoutes
from fakeorg.server.admin_world import WorldRoutes
from fakeorg.server.changes import ChangeError
from fakeorg.server.proxy import ConnectProxy

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class AdminServer:
    """What an admin, a demo script or a test does from outside the process."""

    def __init__(self, directory: Directory, proxy: ConnectProxy, open_org: OpenOrg) -> None:
        self._routes = [
            *WorldRoutes(directory, proxy).table(),
            *OrgRoutes(directory, open_org).table(),
        ]
        app = web.Application(middlewares=[_errors_as_json])
        app.add_routes([*self._routes, web.get("/", self._list_routes)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)

    async def start(self, port: int = 0) -> int:
        """Listen on a loopback port and return it; 0 means any that is free."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the port."""
        await self._runner.cleanup()

    async def _list_routes(self, _: web.Request) -> web.Response:
        return web.json_response([f"{route.method} {route.path}" for route in self._routes])


@web.middleware
async def _errors_as_json(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        return web.json_response({"error": error.reason}, status=error.status)
    except (ChangeError, KeyError, ValueError, json.JSONDecodeError) as error:
        return web.json_response({"error": str(error)}, status=400)
