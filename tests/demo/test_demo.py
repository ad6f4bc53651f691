"""The demo, from beginning to end, as `make demo ONCE=1` runs it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from demo.stage import Stage
from demo.story import Story
from demo.terminal import Terminal

_CHECKOUT = Path(__file__).resolve().parents[2]
# Seconds; it takes 30. On a machine without the programs of the cluster it builds them first.
_PATIENCE = 3600


@pytest.mark.demo
def test_demo_shows_every_step_and_leaves_nothing_running() -> None:
    done = subprocess.run(
        [sys.executable, "hack/demo", "--once"],
        cwd=_CHECKOUT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert ticked_steps(done.stdout) == titles()
    # The folder of the demo is on every command line of what it started.
    folder = re.search(r"--ca-file=(\S+)/ca\.pem", done.stdout)
    assert folder is not None
    assert running_with(folder.group(1)) == []
    assert not Path(folder.group(1)).exists()


@pytest.mark.demo
def test_demo_that_fails_says_so_and_exits_1(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "hack/demo", "--once"],
        cwd=_CHECKOUT,
        env=os.environ | {"KUBEBUILDER_ASSETS": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1, done.stdout + done.stderr
    assert " ✗ A Kubernetes control plane starts" in done.stdout
    assert "KUBEBUILDER_ASSETS" in done.stdout
    assert ticked_steps(done.stdout) == []


def titles() -> list[str]:
    return [step.title for step in Story(Stage(Path("unused"), Terminal()), Terminal()).steps()]


def ticked_steps(output: str) -> list[str]:
    """Return the titles of the steps that ended with a tick."""
    parts = re.split(r"^\d+\. ", output, flags=re.MULTILINE)[1:]
    return [part.splitlines()[0] for part in parts if re.search(r"^ ✓ \S", part, re.MULTILINE)]


def running_with(word: str) -> list[str]:
    """Return the command lines of running processes that hold a word."""
    lines = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has just ended
            continue
        if word in line:
            lines.append(line)
    return lines
