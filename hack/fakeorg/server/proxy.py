"""An HTTP CONNECT proxy that leads every host name of ours to the fake org's TLS port."""

import asyncio
import contextlib
import socket
from collections import Counter
from typing import Final

from fakeorg.model.directory import LOOPBACK_NAMES, Directory

_CHUNK: Final = 1 << 16
_BAD_GATEWAY: Final = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_NOT_A_TUNNEL: Final = (
    b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
_ESTABLISHED: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"


class ConnectProxy:
    """The proxy; while it is down, it drops connections, those that are open too."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._down = False
        self.connections: Counter[str] = Counter()  # tunnels asked for, by host name

    @property
    def is_down(self) -> bool:
        """Whether the proxy drops everything."""
        return self._down

    async def start(self, port: int = 0) -> int:
        """Listen on a loopback port and return it; 0 means any that is free."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, backlog=1024)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the port and all tunnels."""
        self._drop_all()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def set_down(self, down: bool) -> None:
        """Drop all connections, or take them again."""
        self._down = down
        if down:
            self._drop_all()

    def _drop_all(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
                if not self._down:
                    await self._tunnel(reader, writer)
        finally:
            self._open.discard(writer)
            writer.transport.abort() if self._down else writer.close()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, *_ = head.split(" ", 2)
        if method != "CONNECT":
            writer.write(_NOT_A_TUNNEL)
            return
        host, _, port = target.rpartition(":")
        self.connections[host.lower()] += 1
        destination = self._destination(host.lower(), int(port))
        if destination is None:
            writer.write(_BAD_GATEWAY)
            return
        await _join(reader, writer, destination)

    def _destination(self, host: str, port: int) -> int | None:
        if host in LOOPBACK_NAMES:
            return port if port in self._directory.ports() else None
        return self._directory.main_port if self._directory.knows(host) else None


async def _join(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, destination: int
) -> None:
    far_reader, far_writer = await asyncio.open_connection("127.0.0.1", destination)
    try:
        writer.write(_ESTABLISHED)
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
    finally:
        far_writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end of the stream; a reset on one side resets the other."""
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    except OSError:
        _reset(writer)
        return
    writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    on_close = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, on_close)
    writer.transport.abort()
