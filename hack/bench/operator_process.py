"""The operator as a process of its own, whose processor time and memory are measured."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import aiohttp

from bench.issuer import Issuer
from bench.process import Memory, cpu_seconds, memory
from bench.waiting import BenchError, until
from cluster.children import Child, spawn

_PROGRAM: Final = Path(sys.executable).with_name("salesforce-token-operator")
_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_START_PATIENCE: Final = 120.0
_FAREWELL: Final = 25.0
# A process that uses less than this share of a core over this many seconds is at rest.
_AT_REST: Final = 0.03
_LOOK: Final = 1.0


class OperatorProcess:
    """`salesforce-token-operator run`, started and stopped as often as wanted."""

    def __init__(
        self, folder: Path, kubeconfig: Path, issuer: Issuer, http: aiohttp.ClientSession
    ) -> None:
        self._log = folder / "operator.log"
        self._kubeconfig = kubeconfig
        self._issuer = issuer
        self._http = http
        self._address = ""
        self._child: Child | None = None

    async def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        self._address = f"127.0.0.1:{_free_port()}"
        self._child = _spawned(self._log, self._command(), self._kubeconfig)
        await until(self._is_ready, "the operator to be ready", seconds=_START_PATIENCE)

    async def stop(self) -> None:
        """Stop it with SIGTERM."""
        if self._child is not None:
            await asyncio.to_thread(self._child.stop, _FAREWELL)
            self._child = None

    def cpu(self) -> float:
        """Return the seconds of processor time used since it was started."""
        return cpu_seconds(self._running().process.pid)

    def memory(self) -> Memory:
        """Return the memory in use."""
        return memory(self._running().process.pid)

    async def rest(self, *, seconds: float) -> float:
        """Wait until there is nothing to do, and return the processor time used by then."""
        deadline = time.monotonic() + seconds
        before = self.cpu()
        while True:
            await asyncio.sleep(_LOOK)
            now = self.cpu()
            if now - before < _AT_REST * _LOOK:
                return before
            if time.monotonic() > deadline:
                raise BenchError(f"The operator was still busy after {seconds:.0f} s.")
            before = now

    async def known(self) -> int:
        """Return how many connections it knows; this question costs it some time itself."""
        async with self._http.get(f"http://{self._address}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        return sum(line.startswith("salesforce_token_ready{") for line in lines)

    def log_tail(self) -> str:
        """Return the end of its log."""
        return self._child.last_lines() if self._child is not None else ""

    async def _is_ready(self) -> bool:
        self._running()
        try:
            async with self._http.get(f"http://{self._address}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    def _running(self) -> Child:
        if self._child is None or self._child.has_ended():
            raise BenchError(f"The operator does not run.\n{self.log_tail()}")
        return self._child

    def _command(self) -> list[str | Path]:
        orgs = (*self._issuer.orgs, self._issuer.failing)
        return [
            _PROGRAM,
            "run",
            f"--ca-file={self._issuer.ca_file}",
            *(f"--allowed-host={org.host}" for org in orgs),
            f"--listen-address={self._address}",
            "--log-format=json",
        ]


def _spawned(log: Path, command: Sequence[str | Path], kubeconfig: Path) -> Child:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() not in _PROXIES and not name.startswith("TOKEN_OPERATOR_")
    }
    with log.open("ab") as output:
        environment = kept | {"KUBECONFIG": str(kubeconfig)}
        return Child("operator", spawn(command, output, environment=environment), log)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
