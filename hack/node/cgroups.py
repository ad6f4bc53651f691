"""The control groups of one node, which outlive its processes unless they are removed."""

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_ROOT: Final = Path("/sys/fs/cgroup")
_PATIENCE: Final = 5.0
_PREFIX: Final = "token-operator-node-"


def create() -> str:
    """Make a group for a node and return its name; clear those of processes that are gone."""
    for path in [path for one in _hierarchies() for path in one.glob(f"{_PREFIX}*")]:
        owner = path.name.removeprefix(_PREFIX).partition("-")[0]
        if not Path("/proc", owner).exists():
            remove(path.name)
    name = f"{_PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
    for hierarchy in _hierarchies():
        (hierarchy / name).mkdir()
    return name


def remove(name: str) -> None:
    """Remove the groups of this name and all below them, once their processes are gone."""
    deadline = time.monotonic() + _PATIENCE
    while left := list(_groups(name)):
        for group in left:
            # One that still holds a dying process refuses.
            with contextlib.suppress(OSError):
                group.rmdir()
        if time.monotonic() > deadline:
            return
        time.sleep(0.05)


def _hierarchies() -> list[Path]:
    """Return where groups are made: in one place (v2), or for each controller (v1)."""
    if (_ROOT / "cgroup.controllers").exists():
        return [_ROOT]
    return [path for path in _ROOT.iterdir() if path.is_dir() and not path.is_symlink()]


def _groups(name: str) -> Iterator[Path]:
    """Yield the groups of this name and below, inner ones first."""
    for top in (hierarchy / name for hierarchy in _hierarchies()):
        if top.is_dir():
            inner = [each for each in top.rglob("*") if each.is_dir()]
            yield from sorted(inner, key=lambda path: len(path.parts), reverse=True)
            yield top
