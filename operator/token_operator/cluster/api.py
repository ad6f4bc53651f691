"""Requests to the API server, with plain dicts.

Retries, caches and watches are elsewhere; a request here is one request.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client import ApiClient

logger = logging.getLogger(__name__)

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"  # JSON is YAML
METADATA: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
PAGE: Final = 500
REQUEST_TIMEOUT: Final = timedelta(seconds=30)
# An API server quotes what it refuses, however long.
_LONGEST_MESSAGE: Final = 2000

Raw = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One entry of ``details.causes`` in a Status; it may quote content of the resource."""

    field: str
    reason: str
    message: str = dataclass_field(repr=False)


class ApiError(Exception):
    """The API server refused a request; its ``str()`` holds no content of a resource.

    ``message`` and the causes are the API server's own words: one line each, free of control
    characters, at most 2,000 characters. They may quote values of what was sent. Show them to
    who sent the resource; never log those of a request about a Secret.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        *,
        what: str,
        message: str = "",
        causes: tuple[Cause, ...] = (),
    ) -> None:
        super().__init__(f"{what}: {status} {reason}")
        self.status = status
        self.reason = reason
        self.message = message
        self.causes = causes


class NotFoundError(ApiError):
    """The resource does not exist."""


class ConflictError(ApiError):
    """The resource exists already, or has changed since it was read."""


class ForbiddenError(ApiError):
    """The operator may not do this."""

    @property
    def is_terminating(self) -> bool:
        """Whether the namespace is being deleted and takes nothing new."""
        return any(cause.reason == "NamespaceTerminating" for cause in self.causes)


class ApiUnavailableError(Exception):
    """The API server cannot be reached, or cannot answer now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request: what is sent where."""

    method: str
    path: str
    query: Mapping[str, str] = dataclass_field(default_factory=dict)
    body: Raw | None = dataclass_field(default=None, repr=False)
    content_type: str = JSON
    accept: str = JSON


def allow_every_write() -> None:
    """Let every write pass: the guard where nobody else can be writing."""


class Api:
    """Sends requests; every write asks *guard* first, which raises when it must not be made."""

    def __init__(
        self,
        client: ApiClient,
        *,
        guard: Callable[[], None] = allow_every_write,
        timeout: timedelta = REQUEST_TIMEOUT,
    ) -> None:
        self._client = client
        self._guard = guard
        self._timeout = timeout

    async def send(self, request: Request) -> Raw:
        """Return the answer's object.

        Raise ApiError (or a type of it) where the API server refuses, and
        ApiUnavailableError where it cannot be reached or is overloaded.
        """
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                status, content = await self._exchange(request)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            what = f"{request.method} {request.path}: {type(error).__name__}"
            raise ApiUnavailableError(what) from None
        return _object_from(request, status, content)

    async def _exchange(self, request: Request) -> tuple[int, bytes]:
        headers = {"Accept": request.accept, "User-Agent": self._client.user_agent}
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        await self._client.update_params_for_auth(
            headers, None, ["BearerToken"], request.path, request.method, None
        )
        url = f"{self._client.configuration.host}{request.path}"
        if request.query:
            url = f"{url}?{urlencode(request.query)}"
        if request.method != "GET":  # as late as possible: the credentials may take their time
            self._guard()
        response = await self._client.rest_client.request(
            request.method, url, headers=headers, body=request.body
        )
        return response.status, await response.read()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


async def listed(api: Api, path: str, query: Mapping[str, str]) -> AsyncIterator[Raw]:
    """Yield the metadata of all resources at *path*, page by page, content left on the server."""
    query = {**query, "limit": str(PAGE)}
    while True:
        page = await api.send(Request(method="GET", path=path, query=query, accept=METADATA_LIST))
        for raw in page.get("items") or ():
            yield raw
        token = (page.get("metadata") or {}).get("continue")
        if not token:
            return
        query["continue"] = token


def _object_from(request: Request, status: int, content: bytes) -> Raw:
    try:
        answer = json.loads(content) if content else {}
    except ValueError:
        answer = {}
    if 200 <= status < 300:
        return answer if isinstance(answer, dict) else {}
    raise _refusal(request, status, answer if isinstance(answer, dict) else {})


def _refusal(request: Request, status: int, answer: Raw) -> Exception:
    what = f"{request.method} {request.path}"
    if status == 429 or status >= 500:
        return ApiUnavailableError(f"{what}: {status}")
    kinds = {403: ForbiddenError, 404: NotFoundError, 409: ConflictError}
    return kinds.get(status, ApiError)(
        status,
        str(answer.get("reason", "")),
        what=what,
        message=_line(answer.get("message")),
        causes=tuple(_causes(answer.get("details"))),
    )


def _causes(details: object) -> Iterator[Cause]:
    found = details.get("causes") if isinstance(details, dict) else None
    for cause in found if isinstance(found, list) else ():
        if isinstance(cause, dict):
            yield Cause(
                field=_line(cause.get("field")),
                reason=_line(cause.get("reason")),
                message=_line(cause.get("message")),
            )


def _line(text: object) -> str:
    """Return *text* as one bounded line of printable characters; empty if it is no text."""
    if not isinstance(text, str):
        return ""
    words = " ".join(text.split())
    return "".join(one for one in words if one.isprintable())[:_LONGEST_MESSAGE]
