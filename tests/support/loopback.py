"""A server on the loopback interface that answers with the very bytes a test gives it."""

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

from cryptography import x509

from support import key_samples
from token_operator.clock import Clock

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class FixedClock(Clock):
    """A clock that a test sets; time does not pass."""

    def __init__(self, now: datetime = NOON) -> None:
        self.instant = now
        super().__init__()

    def now(self) -> datetime:
        return self.instant

    def wall(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return 0.0


@dataclass
class Seen:
    """One request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes

    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass
class Loopback:
    """What to answer next, and what was asked."""

    url: str = ""
    # None hangs, empty bytes close the connection without an answer.
    reply: bytes | None = b""
    requests: list[Seen] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.url.removeprefix("https://")

    def answer(self, status: int = 200, body: bytes | str = b"", **headers: str) -> None:
        """Answer all that follows with this; a ``_`` in a header name is a ``-``."""
        content = body.encode() if isinstance(body, str) else body
        lines = [f"HTTP/1.1 {status} Text", f"Content-Length: {len(content)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.reply = "\r\n".join([*lines, "", ""]).encode() + content


@asynccontextmanager
async def loopback(directory: Path) -> AsyncIterator[tuple[Loopback, Path]]:
    """Serve HTTPS on a free port; yield the server and the file of its authority."""
    context, ca_file = _server_context(directory)
    state = Loopback()
    release = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ssl.SSLError), contextlib.closing(writer):
            while (seen := await _request(reader)) and await _reply(state, seen, writer, release):
                pass

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    state.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield state, ca_file
    finally:
        release.set()
        server.close()


def _server_context(directory: Path) -> tuple[ssl.SSLContext, Path]:
    ca_file = directory / "ca.pem"
    key_file = directory / "server.key"
    local = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    ca_file.write_bytes(key_samples.certificate(names=(local,)))
    key_file.write_bytes(key_samples.pkcs8())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(ca_file, key_file)
    return context, ca_file


async def _request(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    first, *rest = head.strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(first, headers, body)


async def _reply(
    state: Loopback, seen: Seen, writer: asyncio.StreamWriter, release: asyncio.Event
) -> bool:
    state.requests.append(seen)
    if state.reply is None:
        await release.wait()
    if not state.reply:
        return False
    writer.write(state.reply)
    await writer.drain()
    return True
