"""Admin routes about everybody: history, clock, proxy, and faults of an org, a host or all."""

from aiohttp import web

from fakeorg.model.directory import Directory
from fakeorg.model.faults import UNAVAILABLE, FaultBoard
from fakeorg.server.admin_requests import json_of, org_of
from fakeorg.server.named_faults import fault_named
from fakeorg.server.proxy import ConnectProxy


class WorldRoutes:
    """The routes that are not about one org's apps and users."""

    def __init__(self, directory: Directory, proxy: ConnectProxy) -> None:
        self._directory = directory
        self._proxy = proxy

    def table(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/history", self._history),
            web.get("/clock", self._clock),
            web.post("/clock", self._move_clock),
            web.get("/proxy", self._show_proxy),
            web.post("/proxy", self._set_proxy),
            web.post("/outage", self._outage),
            web.post("/orgs/{org}/outage", self._outage),
            web.post("/faults", self._add_fault),
            web.post("/orgs/{org}/faults", self._add_fault),
            web.delete("/faults", self._clear_faults),
            web.delete("/orgs/{org}/faults", self._clear_faults),
        ]

    def _board(self, request: web.Request, asked: dict[str, object]) -> FaultBoard:
        """Return the board of the org in the path, or the host in the body, or everybody's."""
        if "org" in request.match_info:
            return org_of(request, self._directory).faults
        host = asked.get("host")
        boards = self._directory.host_faults
        return boards[str(host).lower()] if host else self._directory.faults

    async def _history(self, request: web.Request) -> web.Response:
        wanted = request.query.get("org")
        rows = [row for org in self._directory.all_orgs() for row in org.logins]
        rows = sorted(rows + self._directory.strays.rows, key=lambda row: row.time)
        return web.json_response([r.to_json() for r in rows if wanted in (None, r.org)])

    async def _clock(self, _: web.Request) -> web.Response:
        return web.json_response({"now": self._directory.clock.now().isoformat()})

    async def _move_clock(self, request: web.Request) -> web.Response:
        asked = await json_of(request)
        clock = self._directory.clock
        if "advance" in asked:
            clock.advance(float(str(asked["advance"])))
        for name, action in (
            ("freeze", clock.freeze),
            ("resume", clock.resume),
            ("reset", clock.reset),
        ):
            if asked.get(name):
                action()
        return await self._clock(request)

    async def _show_proxy(self, _: web.Request) -> web.Response:
        counts = dict(self._proxy.connections)
        return web.json_response({"down": self._proxy.is_down, "connections": counts})

    async def _set_proxy(self, request: web.Request) -> web.Response:
        await self._proxy.set_down(bool((await json_of(request)).get("down")))
        return await self._show_proxy(request)

    async def _outage(self, request: web.Request) -> web.Response:
        asked = await json_of(request)
        fault = fault_named(str(asked["fault"]), asked) if "fault" in asked else UNAVAILABLE
        on = bool(asked.get("on", True))
        self._board(request, asked).outage(fault if on else None)
        return web.json_response({"on": on})

    async def _add_fault(self, request: web.Request) -> web.Response:
        asked = await json_of(request)
        times = asked.get("times", 1)
        endpoint = asked.get("endpoint")
        self._board(request, asked).fail(
            str(endpoint) if endpoint else None,
            fault_named(str(asked.get("fault")), asked),
            int(str(times)) if times is not None else None,
        )
        return web.json_response({"planned": True})

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self._board(request, dict(request.query)).clear()
        return web.json_response({"cleared": True})
