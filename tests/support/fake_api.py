"""A small API server on the loopback interface: it stores objects and fails when told to."""

import asyncio
import copy
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from aiohttp import web
from kubernetes.aio.client import Configuration

from token_operator.cluster.api import Api
from token_operator.cluster.connecting import client_for

Resource = dict[str, Any]

CONNECTIONS: Final = "/apis/salesforce-token.dev/v1alpha1/namespaces/{0}/salesforceconnections"
SECRETS: Final = "/api/v1/namespaces/{0}/secrets"
EVENTS: Final = "/api/v1/namespaces/{0}/events"
_KINDS: Final = ("secrets", "salesforceconnections", "events")
_REASONS: Final = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None

    def __str__(self) -> str:
        """Return method and last part of the path."""
        return f"{self.method} {self.path}"


@dataclass(slots=True, kw_only=True)
class Trouble:
    """What happens to the next requests that it is meant for."""

    method: str
    part: str
    status: int
    causes: tuple[str, ...] = ()
    # The field that each cause names.
    at: str = ""
    body: bytes | None = None
    hangs: bool = False
    times: int = 1
    first: Callable[[], None] | None = None

    def is_meant_for(self, asked: Asked) -> bool:
        """Whether it happens to this request."""
        return self.times > 0 and self.method in ("", asked.method) and self.part in asked.path


@dataclass
class FakeApi:
    """The objects by path, what was asked, and what goes wrong."""

    url: str = ""
    objects: dict[str, Resource] = field(default_factory=dict)
    requests: list[Asked] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    version: int = 100
    page: int = 500
    release: asyncio.Event = field(default_factory=asyncio.Event)

    # --- Arranging ---

    def put(self, path: str, resource: Resource) -> Resource:
        """Store an object as if somebody had written it, and return what is stored."""
        stored = copy.deepcopy(resource)
        *_, namespace, _, name = path.split("/")
        metadata = stored.setdefault("metadata", {})
        metadata.setdefault("name", name)
        metadata.setdefault("namespace", namespace)
        metadata.setdefault("uid", str(uuid4()))
        metadata["resourceVersion"] = self.next_version()
        self.objects[path] = stored
        return stored

    def next_version(self) -> str:
        """Return a resource version that is later than all before."""
        self.version += 1
        return str(self.version)

    def fail(self, status: int, *, method: str = "", part: str = "", **more: Any) -> Trouble:
        """Let the next requests of a method, whose path holds *part*, end with *status*."""
        trouble = Trouble(method=method, part=part, status=status, **more)
        self.troubles.append(trouble)
        return trouble

    def meanwhile(self, act: Callable[[], None], *, method: str = "", part: str = "") -> None:
        """Do something when such a request arrives, before it is answered as usual."""
        self.troubles.append(Trouble(method=method, part=part, status=0, first=act))

    # --- Looking ---

    def count(self) -> Counter[str]:
        """Return how often each method and kind was asked."""
        return Counter(f"{one.method} {_kind(one.path)}" for one in self.requests)

    def asked(self) -> list[str]:
        """Return methods and kinds in the order they came."""
        return [f"{one.method} {_kind(one.path)}" for one in self.requests]

    def posted_events(self) -> list[str]:
        """Return the reasons of the Events, in order."""
        return [one["reason"] for path, one in self.objects.items() if "/events/" in path]

    # --- Serving ---

    async def serve(self, request: web.Request) -> web.Response:
        """Answer one request."""
        content = await request.read()
        asked = Asked(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            headers=dict(request.headers),
            body=json.loads(content) if content else None,
        )
        self.requests.append(asked)
        trouble = next((one for one in self.troubles if one.is_meant_for(asked)), None)
        if trouble is not None:
            trouble.times -= 1
            if trouble.first is not None:
                trouble.first()
            if trouble.hangs:
                await self.release.wait()
            if trouble.body is not None:
                return web.Response(status=trouble.status, body=trouble.body)
            if trouble.status:
                return _refusal(trouble.status, trouble.causes, trouble.at)
        return self._answer(asked)

    def _answer(self, asked: Asked) -> web.Response:
        match asked.method:
            case "GET" if _is_collection(asked.path):
                return self._list(asked)
            case "GET":
                return self._found(asked.path)
            case "POST":
                return self._create(asked)
            case "PATCH":
                return self._patch(asked)
            case "PUT":
                return self._replace(asked)
            case _:
                return self._delete(asked)

    def _found(self, path: str) -> web.Response:
        stored = self.objects.get(path)
        return _refusal(404) if stored is None else web.json_response(stored)

    def _list(self, asked: Asked) -> web.Response:
        label = asked.query.get("labelSelector", "")
        found = [
            one
            for path, one in sorted(self.objects.items())
            if _is_in(path, asked.path) and _has_label(one, label)
        ]
        start = int(asked.query.get("continue", "0"))
        end = start + min(self.page, int(asked.query.get("limit", "500")))
        metadata = {"continue": str(end)} if end < len(found) else {}
        # As the real one: an empty list of metadata is null.
        items = [{"metadata": one["metadata"]} for one in found[start:end]] or None
        return web.json_response({"metadata": metadata, "items": items})

    def _create(self, asked: Asked) -> web.Response:
        path = f"{asked.path}/{asked.body['metadata']['name']}"
        if path in self.objects:
            return _refusal(409)
        return web.json_response(self.put(path, asked.body), status=201)

    def _patch(self, asked: Asked) -> web.Response:
        path = asked.path.removesuffix("/status")
        stored = self.objects.get(path)
        if stored is None:
            return _refusal(404)
        told = asked.body.get("metadata") or {}
        if any(told.get(one, was) != was for one, was in _identity(stored).items()):
            return _refusal(409)
        merged = merge(stored, asked.body)
        if merged != stored:
            merged["metadata"]["resourceVersion"] = self.next_version()
        self.objects[path] = merged
        return web.json_response(merged)

    def _replace(self, asked: Asked) -> web.Response:
        stored = self.objects.get(asked.path)
        if stored is None:
            return _refusal(404)
        told = asked.body.get("metadata") or {}
        if any(told.get(one, was) != was for one, was in _identity(stored).items()):
            return _refusal(409)
        return web.json_response(self.put(asked.path, asked.body))

    def _delete(self, asked: Asked) -> web.Response:
        stored = self.objects.get(asked.path)
        if stored is None:
            return _refusal(404)
        conditions = (asked.body or {}).get("preconditions") or {}
        if any(conditions.get(one, was) != was for one, was in _identity(stored).items()):
            return _refusal(409)
        del self.objects[asked.path]
        return web.json_response({"kind": "Status", "status": "Success"})


def merge(target: Any, patch: Any) -> Any:
    """Return *target* after a merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def _identity(stored: Resource) -> dict[str, str]:
    metadata = stored["metadata"]
    return {name: metadata[name] for name in ("uid", "resourceVersion")}


def _is_collection(path: str) -> bool:
    return path.rpartition("/")[2] in ("secrets", "salesforceconnections", "events")


def _is_in(path: str, collection: str) -> bool:
    if "/namespaces/" in collection:
        return path.startswith(f"{collection}/")
    root, _, kind = collection.rpartition("/")
    return path.startswith(f"{root}/namespaces/") and path.split("/")[-2] == kind


def _has_label(stored: Resource, selector: str) -> bool:
    name, _, value = selector.partition("=")
    return not selector or (stored["metadata"].get("labels") or {}).get(name) == value


def _kind(path: str) -> str:
    parts = path.split("/")
    if parts[-1] == "status":
        return "status"
    return next((part for part in _KINDS if part in parts), path)


def _refusal(status: int, causes: tuple[str, ...] = (), field: str = "") -> web.Response:
    about = {"field": field, "message": "MARKEDsecret"} if field else {}
    body = {
        "kind": "Status",
        "status": "Failure",
        "code": status,
        "reason": _REASONS[status],
        "message": "the object MARKEDsecret is not good",
        "details": {"causes": [{"reason": one, **about} for one in causes]},
    }
    return web.json_response(body, status=status)


@asynccontextmanager
async def fake_api() -> AsyncIterator[FakeApi]:
    """Serve a fake API server on a free port."""
    fake = FakeApi()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fake.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    _, port = runner.addresses[0][:2]
    fake.url = f"http://127.0.0.1:{port}"
    try:
        yield fake
    finally:
        fake.release.set()
        await runner.cleanup()


def configuration_for(fake: FakeApi) -> Configuration:
    """Return how to reach the fake."""
    found = Configuration()
    found.host = fake.url
    found.connection_pool_maxsize = 8
    return found


@asynccontextmanager
async def api_over(fake: FakeApi, **options: Any) -> AsyncIterator[Api]:
    """Open the operator's own way to the fake."""
    api = Api(client_for(configuration_for(fake), "salesforce-token-operator/1.2.3"), **options)
    try:
        yield api
    finally:
        await api.close()
