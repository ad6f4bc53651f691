"""Waiting until the servers of the control plane do their work, not only run."""

import http.client
import ssl
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from cluster.certificates import Pair
from cluster.children import Child
from cluster.errors import ClusterError

_POLL = 0.05
_REQUEST_TIMEOUT = 5.0
# Seconds; a start takes 4 on two idle cores.
_PATIENCE = 120.0


class Probe:
    """Reads from an HTTP server of the control plane, with the strictest checks of TLS."""

    def __init__(self, url: str, *, authority: Path | None = None, user: Pair | None = None):
        self._host = urlsplit(url).netloc
        self._tls = _strict_tls(authority, user) if authority and user else None

    def answers(self, path: str) -> bool:
        """Say whether a GET of this path is answered with 200."""
        connection = self._connection()
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except ssl.SSLCertVerificationError:
            raise
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, timeout=_REQUEST_TIMEOUT)
        return http.client.HTTPSConnection(self._host, timeout=_REQUEST_TIMEOUT, context=self._tls)


def wait_until(fact: Callable[[], bool], what: str, children: Sequence[Child]) -> None:
    """Wait until a fact holds; raise ClusterError if a server ends or time runs out first."""
    deadline = time.monotonic() + _PATIENCE
    while not fact():
        for child in children:
            if child.has_ended():
                raise ended(child)
        if time.monotonic() > deadline:
            raise _late(what, children)
        time.sleep(_POLL)


def ended(child: Child) -> ClusterError:
    """Return the error for a server that exited unexpectedly."""
    return ClusterError(
        f"{child.name} ended with status {child.process.returncode}:\n{child.last_lines()}",
        remedy="Start the control plane again; what is wrong stands in the lines above.",
    )


def _late(what: str, children: Sequence[Child]) -> ClusterError:
    logs = "\n".join(f"--- {child.name}\n{child.last_lines()}" for child in children)
    return ClusterError(
        f"Waited {_PATIENCE:.0f} s for {what}.\n{logs}",
        remedy="See whether the machine has processor and memory to spare, and start it again.",
    )


def _strict_tls(authority: Path, user: Pair) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_cert_chain(user.certificate, user.private_key)
    return context
