"""What went wrong on the way to a host, reported without the request.

The exceptions of httpx hold the request, and so the assertion: none of them is
kept as a cause, and none of their texts is quoted.
"""

import re
import socket
import ssl
from collections.abc import Iterator
from typing import Final

import httpx

from token_operator.domain.failures import NetworkError, TLSError, TransientError

# Part of every exchange, so also of one that ran out of time; or an end of the connection.
_NO_FAULT: Final = (
    ssl.SSLWantReadError,
    ssl.SSLWantWriteError,
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
)

# Nothing of the request was sent.
_UNSENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


_BY_STATUS: Final = {
    "403": "the proxy denies access to this host (status 403)",
    "407": "the proxy requires a username and password (status 407)",
    "502": "the proxy cannot reach the host (status 502)",
    "503": "the proxy is unavailable (status 503)",
    "504": "the proxy received no answer in time (status 504)",
}


class UnansweredError(NetworkError):
    """The request may have arrived, but no answer came back."""


def failure_from(error: Exception, host: str, *, by_proxy: bool = False) -> TransientError:
    """Return the failure that *error*, met on the way to *host*, stands for."""
    causes = tuple(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return TLSError(f"The certificate of {host} is not trusted: {cause.verify_message}.")
    if any(
        isinstance(cause, ssl.SSLError) and not isinstance(cause, _NO_FAULT) for cause in causes
    ):
        return TLSError(f"No secure connection to {host} could be agreed on (TLS).")
    failure = NetworkError if isinstance(error, _UNSENT) else UnansweredError
    way = " through the proxy" if by_proxy else ""
    return failure(f"{host} cannot be reached{way}: {_kind(error, causes)}.")


def _kind(error: Exception, causes: tuple[BaseException, ...]) -> str:
    if isinstance(error, httpx.ProxyError):
        return _refusal_of_proxy(error)
    kinds = (
        (socket.gaierror, "its name cannot be resolved (DNS)"),
        (ConnectionRefusedError, "the connection was refused"),
        (httpx.ConnectTimeout, "no connection in time (timeout)"),
        ((TimeoutError, httpx.TimeoutException), "no answer in time (timeout)"),
        (
            (ConnectionResetError, ssl.SSLEOFError, httpx.ReadError, httpx.WriteError),
            "the connection was reset",
        ),
        (httpx.RemoteProtocolError, "the connection was reset or does not speak HTTP"),
    )
    for types, text in kinds:
        if any(isinstance(cause, types) for cause in (error, *causes)):
            return text
    return type(error).__name__


def _refusal_of_proxy(error: httpx.ProxyError) -> str:
    """Return what a proxy answered to CONNECT: its status, as the words are its own."""
    found = re.match(r"([0-9]{3})\b", str(error))
    if found is None:
        return "the proxy refused the connection"
    return _BY_STATUS.get(found[1], f"the proxy answered with status {found[1]}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and all that led to it, groups unfolded, each once."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__context__, cause.__cause__]
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions
