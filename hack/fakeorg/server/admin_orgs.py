"""Admin routes about orgs, their apps and their users."""

from collections.abc import Awaitable, Callable
from typing import cast

from aiohttp import web

from fakeorg.model.app import App, AppFields
from fakeorg.model.directory import Directory
from fakeorg.model.org import Kind, Org
from fakeorg.model.user import User
from fakeorg.server.admin_requests import json_of, org_of
from fakeorg.server.changes import apply, typed
from fakeorg.server.reports import app_report, org_report

OpenOrg = Callable[[Org], Awaitable[None]]


class OrgRoutes:
    """The routes about one org each."""

    def __init__(self, directory: Directory, open_org: OpenOrg) -> None:
        self._directory = directory
        self._open_org = open_org

    def table(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/orgs", self._orgs),
            web.post("/orgs", self._add_org),
            web.get("/orgs/{org}", self._show_org),
            web.patch("/orgs/{org}/settings", self._change_settings),
            web.post("/orgs/{org}/kill-sessions", self._kill_sessions),
            web.post("/orgs/{org}/revoke-refresh-tokens", self._revoke_refresh_tokens),
            web.post("/orgs/{org}/users", self._add_user),
            web.patch("/orgs/{org}/users/{user}", self._change_user),
            web.post("/orgs/{org}/apps", self._add_app),
            web.patch("/orgs/{org}/apps/{app}", self._change_app),
            web.put("/orgs/{org}/apps/{app}/certificate", self._replace_certificate),
            web.post("/orgs/{org}/apps/{app}/approve", self._approve),
            web.post("/orgs/{org}/apps/{app}/rotate-secret", self._rotate_secret),
        ]

    async def _orgs(self, _: web.Request) -> web.Response:
        return web.json_response([org_report(org) for org in self._directory.all_orgs()])

    async def _show_org(self, request: web.Request) -> web.Response:
        return web.json_response(org_report(org_of(request, self._directory)))

    async def _add_org(self, request: web.Request) -> web.Response:
        asked = await json_of(request)
        kind: Kind = "sandbox" if asked.get("kind") == "sandbox" else "production"
        org = Org(str(asked["name"]), kind, self._directory.clock, self._directory.lock)
        await self._open_org(org)
        return web.json_response(org_report(org), status=201)

    async def _change_settings(self, request: web.Request) -> web.Response:
        org = org_of(request, self._directory)
        apply(org.settings, await json_of(request))
        return web.json_response(org_report(org))

    async def _kill_sessions(self, request: web.Request) -> web.Response:
        username = await _username_in(request)
        killed = org_of(request, self._directory).kill_sessions(username)
        return web.json_response({"killed": killed})

    async def _revoke_refresh_tokens(self, request: web.Request) -> web.Response:
        username = await _username_in(request)
        revoked = org_of(request, self._directory).revoke_refresh_tokens(username)
        return web.json_response({"revoked": revoked})

    async def _add_user(self, request: web.Request) -> web.Response:
        org = org_of(request, self._directory)
        org.add_user(str((await json_of(request))["username"]))
        return web.json_response(org_report(org), status=201)

    async def _change_user(self, request: web.Request) -> web.Response:
        org = org_of(request, self._directory)
        user = _user_of(org, request.match_info["user"])
        apply(user, await json_of(request))
        return web.json_response(org_report(org))

    async def _add_app(self, request: web.Request) -> web.Response:
        asked = await json_of(request)
        app = org_of(request, self._directory).add_app()
        app.change(**_app_fields(app, asked))
        return web.json_response(app_report(app), status=201)

    async def _change_app(self, request: web.Request) -> web.Response:
        app = self._app(request)
        app.change(**_app_fields(app, await json_of(request)))
        return web.json_response(app_report(app))

    async def _replace_certificate(self, request: web.Request) -> web.Response:
        app = self._app(request)
        app.replace_certificate(await request.text())
        return web.json_response(app_report(app))

    async def _approve(self, request: web.Request) -> web.Response:
        app, org = self._app(request), org_of(request, self._directory)
        user = _user_of(org, await _username_in(request))
        return web.json_response({"refresh_token": org.approve(user, app)}, status=201)

    async def _rotate_secret(self, request: web.Request) -> web.Response:
        secret = (await json_of(request)).get("consumer_secret")
        org = org_of(request, self._directory)
        applied = org.rotate_secret(self._app(request), str(secret) if secret else None)
        return web.json_response({"consumer_secret": applied})

    def _app(self, request: web.Request) -> App:
        """Return the app that the path names by its name or its consumer key."""
        wanted = request.match_info["app"]
        for app in list(org_of(request, self._directory).apps.values()):
            if wanted in (app.latest.name, app.consumer_key):
                return app
        raise web.HTTPNotFound(reason="no such app")


def _user_of(org: Org, username: str | None) -> User:
    user = org.users.get(username or "")
    if user is None:
        raise web.HTTPNotFound(reason="no such user")
    return user


async def _username_in(request: web.Request) -> str | None:
    username = (await json_of(request)).get("username")
    return str(username) if username else None


def _app_fields(app: App, asked: dict[str, object]) -> AppFields:
    return cast("AppFields", typed(app.latest, asked))
