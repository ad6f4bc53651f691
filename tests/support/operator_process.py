"""The operator as a process of its own, started as a user starts it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from cluster.children import kill_group, spawn
from support.waiting import eventually

PROGRAM = Path(sys.executable).parent / "salesforce-token-operator"
# What the process may take to end after SIGTERM.
FAREWELL = 20.0
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def environment(kubeconfig: Path | str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a user who has this kubeconfig and no proxy."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() not in _PROXIES and not name.startswith("TOKEN_OPERATOR_")
    }
    return kept | {"KUBECONFIG": str(kubeconfig)} | dict(extra or {})


class OperatorProcess:
    """`salesforce-token-operator run`, with what it writes to standard error in a file."""

    def __init__(
        self,
        log: Path,
        *flags: str,
        kubeconfig: Path,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.log = log
        self.port = free_port()
        self._command: list[str | Path] = [
            PROGRAM,
            "run",
            *flags,
            f"--listen-address=127.0.0.1:{self.port}",
            "--log-format=json",
            "--log-level=debug",
        ]
        self._environment = environment(kubeconfig, variables)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """The id of the running process."""
        return self._running().pid

    def start(self, *, is_ready: bool = True) -> None:
        """Start the process, and wait until it says that it is ready."""
        with self.log.open("ab") as output:
            self._process = spawn(self._command, output, environment=self._environment)
        if is_ready:
            eventually(self.answers_ready, timeout=20)

    def answers_ready(self) -> bool:
        """Tell whether /readyz is good; fail if the process has ended."""
        if self._running().poll() is not None:
            raise RuntimeError(f"The operator ended:\n{self.text()}")
        with contextlib.suppress(httpx.TransportError):
            return self.get("/readyz").status_code == 200
        return False

    def get(self, path: str) -> httpx.Response:
        """Ask the telemetry server."""
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False, timeout=5)

    def metrics(self) -> str:
        """Return what Prometheus would read."""
        return self.get("/metrics").raise_for_status().text

    def metric(self, series: str) -> float:
        """Return the value of one series, 0 if there is none."""
        for line in self.metrics().splitlines():
            name, _, value = line.rpartition(" ")
            if name == series:
                return float(value)
        return 0.0

    def stop(self) -> None:
        """Stop with SIGTERM; fail unless it ends well and in time."""
        process = self._running()
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            kill_group(process)
            raise AssertionError(
                f"Still there {FAREWELL} s after SIGTERM:\n{self.text()}"
            ) from None
        self._process = None
        assert code == 0, self.text()

    def kill(self) -> None:
        """End the process as kill -9 does; one that does not run is left."""
        if self._process is not None:
            kill_group(self._process)
            self._process = None

    close = kill

    def text(self) -> str:
        """Return everything that was written to standard error."""
        return self.log.read_text(errors="replace")

    def lines(self) -> list[dict[str, Any]]:
        """Return the log lines; fail if one is not a JSON object."""
        return [json.loads(line) for line in self.text().splitlines()]

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "The operator was not started."
        return self._process
