"""The first process of the node: it makes a place for the servers, starts them and ends with them.

Usage: inside.py SPECIFICATION, a file that `node.py` writes. Runs in namespaces made for it
(mounts, network, processes): when it ends, the kernel ends all that started in them. Uses
the standard library only: it is started by path, in isolated mode.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_PATIENCE = 60.0
# What the kubelet wants the kernel to be set to. It finds these files instead, because the
# kernel is that of the host, which a test leaves as it is.
_KERNEL_SETTINGS = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1_000_000,
    "kernel/keys/root_maxbytes": 25_000_000,
}


def main() -> None:
    """Run the node until one of its servers ends or a signal asks for the end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    specification = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(specification["folder"])
    _mount_private_folders(folder)
    _pretend_kernel_settings(folder / "kernel")
    _bring_up_loopback(specification["addresses"])
    servers = {}
    for server in specification["servers"]:
        servers[_start(server)] = server["name"]
        _await(Path(server["ready_file"]) if server["ready_file"] else None)
    Path(specification["started_file"]).touch()
    _serve(servers)


def _mount_private_folders(folder: Path) -> None:
    # The servers keep their usual paths, and the host's are not touched.
    _run("mount", "-t", "tmpfs", "tmpfs", "/run")
    for path in ("/var/lib", "/var/log"):
        private = folder / path.lstrip("/").replace("/", "-")
        private.mkdir()
        _run("mount", "--bind", str(private), path)


def _pretend_kernel_settings(folder: Path) -> None:
    for name, value in _KERNEL_SETTINGS.items():
        setting = Path("/proc/sys") / name
        if setting.exists():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{value}\n")
            _run("mount", "--bind", str(file), str(setting))


def _bring_up_loopback(addresses: list[str]) -> None:
    _run("ip", "link", "set", "lo", "up")
    for address in addresses:
        _run("ip", "address", "add", f"{address}/32", "dev", "lo")


def _start(server: dict[str, str]) -> int:
    with Path(server["log"]).open("wb") as log:
        return subprocess.Popen(
            server["command"], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        ).pid


def _await(file: Path | None) -> None:
    deadline = time.monotonic() + _PATIENCE
    while file is not None and not file.exists():
        if time.monotonic() > deadline:
            sys.exit(f"{file} did not appear within {_PATIENCE:.0f} s.")
        time.sleep(0.05)


def _serve(servers: dict[int, str]) -> None:
    # As the first process it inherits all orphans, and has to bury them.
    while True:
        process, status = os.wait()
        if process in servers:
            code = os.waitstatus_to_exitcode(status)
            sys.exit(f"{servers[process]} ended with status {code}.")


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


main()
