"""The loopback address that a browser is sent back to (RFC 8252, section 7.3)."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from token_operator.cli.plugin.errors import NotGoodError

_HOSTS: Final = frozenset({"localhost", "127.0.0.1"})
_LONGEST_LINE: Final = 16 * 1024
_LONGEST_CONNECTION: Final = timedelta(seconds=10)
_LAST_PAGE: Final = 1.0  # seconds to hand over the page that is being sent
_HEADERS: Final = {
    # The address holds the code: no other page may learn of it.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Server": "kubectl-salesforce",
}
# What a stranger sends to the port is of no interest, and may hold the code.
_SILENT: Final = logging.Logger("silent", logging.CRITICAL + 1)  # noqa: LOG001 - no handler gets it
_PAGE: Final = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body style="font-family: sans-serif; max-width: 40em; margin: 4em auto">
<h1>{title}</h1><p>{text}</p><p>You may close this window.</p></body></html>
"""


@dataclass(frozen=True, slots=True)
class Page:
    """What the browser shows in the end."""

    status: HTTPStatus
    title: str
    text: str


_NOT_ALLOWED: Final = Page(HTTPStatus.METHOD_NOT_ALLOWED, "Not allowed", "Only GET is allowed.")

# Judges the URL that the browser was sent to, and returns what it shall show.
Judge = Callable[[str], Page]


def is_loopback(callback_url: str) -> bool:
    """Whether this machine can listen at *callback_url*: http, loopback and a port."""
    parts = urlsplit(callback_url)
    return parts.scheme == "http" and parts.hostname in _HOSTS and parts.port is not None


@contextlib.asynccontextmanager
async def listening(
    callback_url: str, judge: Judge, *, longest: timedelta = _LONGEST_CONNECTION
) -> AsyncIterator[None]:
    """Answer at *callback_url* as *judge* says; raise NotGoodError where the port is taken.

    No connection lasts longer than *longest*, whatever it sends.
    """
    parts = urlsplit(callback_url)
    page_for = _pages(callback_url, parts.path, judge)

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return _response(_NOT_ALLOWED if request.method != "GET" else page_for(request.raw_path))

    server = web.Server(
        answer,
        access_log=None,  # the address holds the code
        logger=_SILENT,
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_LINE,
        lingering_time=0,  # no body is wanted
    )
    sockets = await _listeners(_connection(server, longest), parts.port or 0)
    try:
        yield
    finally:
        for one in sockets:
            one.close()
        await server.shutdown(_LAST_PAGE)


def _connection(server: web.Server, longest: timedelta) -> Callable[[], asyncio.Protocol]:
    def connection() -> asyncio.Protocol:
        protocol = server()
        asyncio.get_running_loop().call_later(longest.total_seconds(), protocol.force_close)
        return protocol

    return connection


async def _listeners(connection: Callable[[], asyncio.Protocol], port: int) -> list[asyncio.Server]:
    loop = asyncio.get_running_loop()
    try:
        listeners = [await loop.create_server(connection, "127.0.0.1", port)]
    except OSError as error:
        raise NotGoodError(
            f"Port {port} of this machine is taken ({error.strerror}): give another with --port "
            "(the app needs its callback URL), or use --no-browser."
        ) from None
    # Browsers may try ::1 first for localhost; where there is none they take the other.
    with contextlib.suppress(OSError):
        listeners.append(await loop.create_server(connection, "::1", port))
    return listeners


def _pages(callback_url: str, path: str, judge: Judge) -> Judge:
    def page_for(target: str) -> Page:
        asked = urlsplit(target)
        if asked.path != path or not asked.query:
            return Page(HTTPStatus.NOT_FOUND, "Not found", "There is nothing here.")
        return judge(f"{callback_url}?{asked.query}")

    return page_for


def _response(page: Page) -> web.Response:
    response = web.Response(
        status=page.status,
        text=_PAGE.format(title=escape(page.title), text=escape(page.text)),
        content_type="text/html",
        charset="utf-8",
        headers=_HEADERS,
    )
    response.force_close()
    return response
