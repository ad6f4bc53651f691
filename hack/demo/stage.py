"""What the demo plays on: a control plane, a fake org and the operator, as child processes."""

import json
import shlex
import socket
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import cluster
from cluster.children import Child, spawn
from demo.running import Look, StepFailedError, wait_until
from demo.shell import Shell, environment
from demo.terminal import Terminal
from fakeorg.keys import KeyPair, key_pair

CHECKOUT: Final = Path(__file__).resolve().parents[2]
# Seconds. So short that a demo sees a life pass; an org allows no less than 15 minutes.
SESSION_TIMEOUT: Final = 60
_GRACE: Final = 20.0


@dataclass(frozen=True, slots=True)
class FakeOrg:
    """Where the fake org listens."""

    proxy: str
    admin: str
    ca_file: Path
    address: str  # HOST:PORT of its My Domain, reached by port


class Stage:
    """Starts what the demo needs in one folder; leaving its context stops it all."""

    shell: Shell
    org: FakeOrg

    def __init__(self, folder: Path, terminal: Terminal) -> None:
        self.folder = folder
        self.operator_url = f"http://127.0.0.1:{_free_port()}"
        self.operator_log = folder / "operator.log"
        self._terminal = terminal
        self._operator: Child | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start_cluster(self) -> str:
        """Start the control plane and return its URL."""
        self._terminal.say("Starting etcd, kube-apiserver and kube-controller-manager ...")
        try:
            running = cluster.start(self.folder / "cluster", report=self._terminal.say)
        except cluster.ClusterError as error:
            raise StepFailedError(expected="a control plane", seen=str(error)) from None
        self._stack.enter_context(running)
        programs = (running.kubectl.parent, Path(sys.executable).parent)
        self.shell = Shell(
            CHECKOUT,
            environment(programs, running.kubeconfig),
            self._terminal,
        )
        return running.url

    def write_keys(self) -> None:
        """Write the key that the app knows, and one that it does not know."""
        for name in ("right", "wrong"):
            self._write(name, key_pair(name))

    def start_org(self, consumer_key: str) -> None:
        """Start the fake org; its app has this consumer key and knows the right key."""
        ca_file = self.folder / "ca.pem"
        child = self._start(
            "fakeorg",
            [
                sys.executable,
                str(CHECKOUT / "hack" / "fakeorg"),
                f"--session-timeout={SESSION_TIMEOUT}",
                f"--ca-file={ca_file}",
                f"--certificate={self.folder / 'right.crt'}",
                f"--consumer-key={consumer_key}",
                "--verbose",
            ],
        )
        printed = wait_until(
            lambda: _printed_addresses(child), "the fake org to listen", seconds=30
        )
        addresses: dict[str, Any] = json.loads(printed)
        self.org = FakeOrg(
            proxy=addresses["proxy"],
            admin=addresses["admin"],
            ca_file=ca_file,
            address=addresses["org"]["login_url"].removeprefix("https://"),
        )

    def start_operator(self) -> None:
        """Start the operator as a user does outside a cluster."""
        program = "salesforce-token-operator"
        arguments = [
            "run",
            f"--ca-file={self.shown(self.org.ca_file)}",
            f"--allowed-host={self.org.address}",
            f"--listen-address={self.operator_url.removeprefix('http://')}",
        ]
        proxies = {"HTTPS_PROXY": self.org.proxy, "NO_PROXY": "127.0.0.1"}
        before = " ".join(f"{name}={value}" for name, value in proxies.items())
        self._terminal.command(f"{before} \\\n       {program} {' '.join(arguments)}")
        self._operator = self._start(
            "operator",
            [str(Path(sys.executable).with_name(program)), *arguments],
            variables=dict(self.shell.environment) | proxies,
        )

    def operator_has_ended(self) -> bool:
        """Say whether the operator ended by itself."""
        return self._operator is not None and self._operator.has_ended()

    def operator_log_tail(self) -> str:
        """Return the end of the operator's log under a heading, empty if it never started."""
        if self._operator is None:
            return ""
        return f"\nThe end of the operator's log:\n{self._operator.last_lines()}"

    def shown(self, path: Path) -> str:
        """Return the path as it is typed in the checkout."""
        inside = path.is_relative_to(CHECKOUT)
        return shlex.quote(str(path.relative_to(CHECKOUT) if inside else path))

    def _start(
        self, name: str, command: list[str], *, variables: dict[str, str] | None = None
    ) -> Child:
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            process = spawn(command, output, directory=CHECKOUT, environment=variables)
        child = Child(name, process, log)
        self._stack.callback(child.stop, _GRACE)
        return child

    def _write(self, name: str, pair: KeyPair) -> None:
        (self.folder / f"{name}.crt").write_text(pair.certificate)
        private = self.folder / f"{name}.key"
        private.unlink(missing_ok=True)
        private.touch(mode=0o600)
        private.write_text(pair.private_key)


def _printed_addresses(child: Child) -> Look:
    if child.has_ended():
        raise StepFailedError(expected="the fake org to listen", seen=child.last_lines())
    lines = [line for line in child.last_lines().splitlines() if line.startswith("{")]
    return Look(bool(lines), lines[0] if lines else "nothing printed yet")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
