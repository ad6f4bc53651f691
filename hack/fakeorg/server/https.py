"""The HTTPS server: requests become calls, answers and faults become bytes or silence."""

import asyncio
import logging
import socket
import ssl
import struct
from email.utils import format_datetime
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from fakeorg.model.directory import Directory
from fakeorg.model.exchange import Answer, Call, text_answer
from fakeorg.model.faults import Hang, Reset, Respond, Spoil
from fakeorg.protocol.endpoints import Routed, route

_LOG: Final = logging.getLogger(__name__)
_ABORT: Final = struct.pack("ii", 1, 0)


class HttpsServer:
    """One server for all hosts, listening on the main port and one port per org."""

    def __init__(self, directory: Directory, context: ssl.SSLContext) -> None:
        self._directory = directory
        self._context = context
        self._runner: web.ServerRunner | None = None

    async def start(self) -> None:
        """Get ready to listen."""
        server = web.Server(self._serve, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.2)
        await self._runner.setup()

    async def listen(self, port: int = 0) -> int:
        """Listen on one more loopback port and return it; 0 means any that is free."""
        if self._runner is None:
            message = "not started"
            raise RuntimeError(message)
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        site = web.SockSite(self._runner, listener, ssl_context=self._context, backlog=1024)
        await site.start()
        return int(listener.getsockname()[1])

    async def stop(self) -> None:
        """Close all ports and connections."""
        if self._runner is not None:
            server = self._runner.server
            transports = [one.transport for one in server.connections] if server else []
            await self._runner.cleanup()
            # A client that is still there, or just gone, may never answer the goodbye of TLS.
            for transport in transports:
                if transport is not None:
                    transport.abort()

    async def _serve(self, request: web.BaseRequest) -> web.Response:
        call = await _call_from(request)
        routed = route(call, self._directory)
        answer = await _processed(routed, request) if routed else text_answer(404, "no such host")
        response = web.Response(status=answer.status, body=answer.body)
        for name, value in answer.headers:
            response.headers[name] = value
        now = self._directory.clock.now()
        response.headers.setdefault("Date", format_datetime(now, usegmt=True))
        return response


async def _processed(routed: Routed, request: web.BaseRequest) -> Answer:
    try:
        return await _answer(routed, request)
    finally:
        routed.end()


async def _answer(routed: Routed, request: web.BaseRequest) -> Answer:
    fault = routed.take_fault()
    if fault is not None:
        _LOG.info("%s %s: %s", routed.call.host, routed.endpoint, type(fault).__name__)
    match fault:
        case None:
            return await _worked(routed)
        case Respond(answer):
            return answer
        case Spoil(change):
            return change(await _worked(routed))
        case Reset(after_the_work):
            if after_the_work:
                await _worked(routed)
            _abort(request)
            return Answer(500)
        case Hang():
            return await _answer_late(routed, fault)


async def _answer_late(routed: Routed, hang: Hang) -> Answer:
    if hang.after_the_work:
        answer = await _worked(routed)
        await _silence(hang)
        return answer
    await _silence(hang)
    return await _worked(routed)


async def _worked(routed: Routed) -> Answer:
    if routed.seconds_of_work:
        await asyncio.sleep(routed.seconds_of_work)
    return routed.answer()


async def _silence(hang: Hang) -> None:
    # Waits without cancelling the future, which other silent requests wait for too.
    await asyncio.wait([asyncio.wrap_future(hang.released)], timeout=hang.seconds)


def _abort(request: web.BaseRequest) -> None:
    transport = request.transport
    if transport is None:
        return
    # A linger of zero makes the kernel send RST instead of FIN.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
    transport.abort()


async def _call_from(request: web.BaseRequest) -> Call:
    body = (await request.read()).decode(errors="replace")
    is_form = request.content_type == "application/x-www-form-urlencoded"
    transport = request.transport
    return Call(
        method=request.method,
        path=request.path,
        host=request.host,
        port=transport.get_extra_info("sockname")[1] if transport else 0,
        ip=request.remote or "",
        headers={name.lower(): value for name, value in request.headers.items()},
        query=dict(request.query),
        form=dict(parse_qsl(body, keep_blank_values=True)) if is_form else {},
    )
