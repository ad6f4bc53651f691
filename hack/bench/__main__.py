"""The command line of the benchmark: `python hack/bench --help`."""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Final

if not __package__:
    # Started as a folder: Python put the folder itself on the path, not its parent.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

try:
    import cluster
    from bench import first_tokens, newcomers, outage, resting, steady_work
    from bench.issuer import spawn_orgs
    from bench.machine import describe
    from bench.rows import Row, table
    from bench.scale import Scale, quick
    from bench.stage import Stage, set_up
    from bench.waiting import BenchError, Report
    from cluster.children import Child
except ModuleNotFoundError as missing:
    sys.exit(f"{missing}. Use the Python of the development environment (make dev).")

_CRDS: Final = Path(__file__).resolve().parents[2] / "crds"
_HELP: Final = """\
Measures what many connections cost: the operator, a real API server and orgs that check
signatures, each a process of its own, on loopback. Processor time and memory are the operator's
alone. Times are those of the whole machine, on which all of them and the measuring itself run:
let it do nothing else.

Prints a table; no number fails it. "hold" and "aim" are for 5,000 connections on 2 cores.
Some 5 minutes with 500 connections, 15 with 5,000.
"""
PHASES: Final[tuple[Callable[[Stage], Awaitable[list[Row]]], ...]] = (
    first_tokens.measure,
    resting.measure,
    newcomers.measure,
    steady_work.measure,
    outage.measure,
)
_GRACE: Final = 5.0
_STOPPED: Final = 130


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and return its exit status: 0 if every row was measured."""
    options = _parser().parse_args(arguments)
    number, orgs = options.connections, options.orgs
    scale = quick(number, orgs) if options.quick else Scale(connections=number, orgs=orgs)
    machine = describe()
    signal.signal(signal.SIGTERM, _stop)
    try:
        with tempfile.TemporaryDirectory(prefix="salesforce-token-bench-") as folder:
            rows = _run(Path(folder), scale, _progress(time.monotonic()))
    except (BenchError, cluster.ClusterError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return _STOPPED
    _show(rows, machine, scale)
    if options.json is not None:
        _write(options.json, rows, machine, scale)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench", description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "-n", "--connections", type=_positive, default=500, metavar="N", help="how many (500)"
    )
    parser.add_argument("--orgs", type=_positive, default=8, metavar="N", help="spread over (8)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the numbers, too")
    parser.add_argument(
        "--quick", action="store_true", help="short windows and small crowds, to try it out"
    )
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of at least 1")
    return int(text)


def _run(folder: Path, scale: Scale, report: Report) -> list[Row]:
    report("Starting the control plane and the orgs ...")
    with ExitStack() as stack:
        control_plane = stack.enter_context(
            cluster.start(folder / "cluster", crds=[_CRDS], report=report, audit=True)
        )
        orgs = spawn_orgs(folder, orgs=scale.orgs, users=scale.users_per_org)
        stack.callback(orgs.stop, _GRACE)
        return asyncio.run(_measure(control_plane, orgs, folder, scale, report))


async def _measure(
    control_plane: cluster.ControlPlane, orgs: Child, folder: Path, scale: Scale, report: Report
) -> list[Row]:
    rows: list[Row] = []
    async with set_up(control_plane, orgs, folder, scale, report) as stage:
        for measure in PHASES:
            try:
                measured = await measure(stage)
            except BenchError:
                report(f"The end of the operator's log:\n{stage.operator.log_tail()}")
                raise
            for row in measured:
                report(f"  {row.name}: {row.shown}")
            rows += measured
    return rows


def _progress(began: float) -> Report:
    def report(line: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s  {line}", file=sys.stderr, flush=True)

    return report


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _show(rows: Sequence[Row], machine: dict[str, str], scale: Scale) -> None:
    print(f"{scale.connections:,} connections, {scale.orgs} orgs")
    print("; ".join(f"{name}: {value}" for name, value in machine.items()))
    print(f"\n{table(rows)}")


def _write(file: Path, rows: Sequence[Row], machine: dict[str, str], scale: Scale) -> None:
    answered = {"machine": machine, "scale": asdict(scale), "rows": [asdict(row) for row in rows]}
    file.write_text(json.dumps(answered, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
