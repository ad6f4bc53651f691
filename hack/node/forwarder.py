"""Forward TCP connections from one network namespace into another.

Usage: forwarder.py LISTEN_IN LISTEN_ADDRESS CONNECT_IN CONNECT_ADDRESS; a namespace is the number
of a process in it, an address is HOST:PORT. A socket stays in the namespace in which it was
made, so one process can stand in both. Uses the standard library only: it is started by
path, in isolated mode.
"""

import asyncio
import ctypes
import os
import socket
import sys

_CLONE_NEWNET = 0x40000000
_CHUNK = 65536


def main() -> None:
    """Listen in one namespace and connect in the other, until the end of the process."""
    listen_in, listen_at, connect_in, connect_to = sys.argv[1:]
    # Both are opened first: the number of a process means another one after the move.
    listening, connecting = _network_of(listen_in), _network_of(connect_in)
    _enter(listening)
    listener = socket.create_server(_address(listen_at), backlog=128)
    _enter(connecting)
    asyncio.run(_serve(listener, _address(connect_to)))


def _network_of(process: str) -> int:
    return os.open(f"/proc/{process}/ns/net", os.O_RDONLY)


def _enter(namespace: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(namespace, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


async def _serve(listener: socket.socket, target: tuple[str, int]) -> None:
    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection(*target)
        except OSError:
            writer.close()
            return
        both = (_copy(reader, there_writer), _copy(there_reader, writer))
        await asyncio.gather(*both, return_exceptions=True)
        for each in (writer, there_writer):
            each.close()

    server = await asyncio.start_server(forward, sock=listener)
    await server.serve_forever()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(_CHUNK):
            target.write(chunk)
            await target.drain()
        target.write_eof()
    except OSError:
        # One direction broke, so nobody waits for the other.
        target.transport.abort()


main()
