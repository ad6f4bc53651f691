"""The loopback address that a browser is sent back to (RFC 8252, section 7.3)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from token_operator.cli.plugin.errors import NotGoodError

_HOSTS: Final = frozenset({"localhost", "127.0.0.1"})
_LONGEST_LINE: Final = 16 * 1024
_PATIENCE: Final = 10.0
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


# Judges the URL that the browser was sent to, and returns what it shall show.
Judge = Callable[[str], Page]


def is_loopback(callback_url: str) -> bool:
    """Whether this machine can listen at *callback_url*: http, loopback and a port."""
    parts = urlsplit(callback_url)
    return parts.scheme == "http" and parts.hostname in _HOSTS and parts.port is not None


@contextlib.asynccontextmanager
async def listening(callback_url: str, judge: Judge) -> AsyncIterator[None]:
    """Answer at *callback_url* as *judge* says; raise NotGoodError where the port is taken."""
    parts = urlsplit(callback_url)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await _answer(reader, writer, _pages(callback_url, parts.path, judge))
        writer.close()

    servers = await _servers(serve, parts.port or 0)
    try:
        yield
    finally:
        for server in servers:
            server.close()


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _servers(serve: Serve, port: int) -> list[asyncio.Server]:
    try:
        servers = [await asyncio.start_server(serve, "127.0.0.1", port, limit=_LONGEST_LINE)]
    except OSError as error:
        raise NotGoodError(
            f"Port {port} of this machine is taken ({error.strerror}): give another with --port "
            "(the app needs its callback URL), or use --no-browser."
        ) from None
    # Browsers may try ::1 first for localhost; where there is none they take the other.
    with contextlib.suppress(OSError):
        servers.append(await asyncio.start_server(serve, "::1", port, limit=_LONGEST_LINE))
    return servers


def _pages(callback_url: str, path: str, judge: Judge) -> Judge:
    def page_for(target: str) -> Page:
        asked = urlsplit(target)
        if asked.path != path or not asked.query:
            return Page(HTTPStatus.NOT_FOUND, "Not found", "Nothing is here.")
        return judge(f"{callback_url}?{asked.query}")

    return page_for


async def _answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, page_for: Judge
) -> None:
    method, target, _ = (await reader.readline()).decode("ascii").split(" ", 2)
    while (await reader.readline()).strip():
        """The headers do not matter."""
    if method != "GET":
        page = Page(HTTPStatus.METHOD_NOT_ALLOWED, "Not allowed", "Only GET is.")
    else:
        page = page_for(target)
    body = _PAGE.format(title=escape(page.title), text=escape(page.text)).encode()
    head = (
        f"HTTP/1.1 {page.status.value} {page.status.phrase}\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        # The address holds the code: no other page may learn of it.
        "Referrer-Policy: no-referrer\r\nCache-Control: no-store\r\n"
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
        "Connection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
