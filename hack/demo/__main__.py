"""The command line of the demo: `python hack/demo [--once]`."""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

if not __package__:
    # Started as a folder: Python put the folder itself on the path, not its parent.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

try:
    from demo.ending import what_to_try
    from demo.running import run_steps
    from demo.stage import CHECKOUT, Stage
    from demo.story import Story
    from demo.terminal import Terminal
except ModuleNotFoundError as missing:
    sys.exit(f"{missing}. Use the Python of the development environment (make dev).")

_DESCRIPTION: Final = """\
Shows the main job: a real Kubernetes API server, a fake Salesforce org and the operator.
Everything listens on loopback. Without --once it leaves all running until Ctrl-C.
"""
_STOPPED: Final = 130


def main(arguments: list[str] | None = None) -> int:
    """Run the demo and return its exit status: 0 if every step went well."""
    parser = argparse.ArgumentParser(
        prog="demo",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--once", action="store_true", help="run the steps, check each one and exit"
    )
    options = parser.parse_args(arguments)
    terminal = Terminal()
    if shutil.which("curl") is None:
        terminal.plain("error: the demo needs curl in PATH; install it and start again.")
        return 2
    try:
        with _signals_stop(), _folder(keep=not options.once) as folder:
            return _play(folder, terminal, once=options.once)
    except KeyboardInterrupt:
        terminal.plain("\nStopped.")
        return _STOPPED if options.once else 0


def _play(folder: Path, terminal: Terminal, *, once: bool) -> int:
    began = time.monotonic()
    with Stage(folder, terminal) as stage:
        is_good = run_steps(Story(stage, terminal).steps(), terminal)
        if not is_good:
            terminal.plain(stage.operator_log_tail())
            return 1
        terminal.plain(f"\nAll steps went well, in {time.monotonic() - began:.0f} s.")
        if not once:
            terminal.plain(what_to_try(stage))
            signal.pause()
    return 0


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    """Give .demo of the checkout, which a user finds again, or a folder that goes away."""
    if keep:
        yield CHECKOUT / ".demo"
        return
    with tempfile.TemporaryDirectory(prefix="salesforce-token-demo-") as folder:
        yield Path(folder)


@contextmanager
def _signals_stop() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the demo as Ctrl-C does: in order."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        # A second one must not interrupt the stopping.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


if __name__ == "__main__":
    sys.exit(main())
