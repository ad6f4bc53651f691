"""All connections are there when the operator starts, and none has a token."""

import time

from bench.rows import Row
from bench.stage import Stage

# What design.md says of 5,000 connections.
_HOLD_SECONDS, _AIM_SECONDS = "≤ 36", "≤ 27"


async def measure(stage: Stage) -> list[Row]:
    """Measure the first token of every connection: time, processor, requests, memory."""
    empty_cpu, empty_memory = await _empty_start(stage)
    number = stage.scale.connections
    stage.report(f"First tokens of {number:,} connections ...")
    stage.members += stage.fleet.take(number)
    await stage.fleet.give_keys(stage.members)
    await stage.fleet.connect(stage.members, {})
    stage.audit.mark()
    began = time.monotonic()
    await stage.operator.start()
    targets = [one.target for one in stage.members]
    arrived = await stage.arrivals.of(targets, seconds=stage.patience)
    seconds = max(arrived.values()) - began
    cpu = await stage.rest()
    await stage.fleet.expect_ready()
    requests = stage.audit.counts()
    return [
        Row(
            name="all first tokens, s",
            value=seconds,
            hold=_HOLD_SECONDS,
            aim=_AIM_SECONDS,
            note=f"{number / seconds:.0f}/s, the start of the operator included",
        ),
        Row(
            name="CPU per first token, ms",
            value=(cpu - empty_cpu) / number * 1000,
            hold="≤ 6",
            aim="≤ 4",
            note=f"beside {empty_cpu:.1f} s for a start with no connection",
        ),
        Row(
            name="API requests per first token",
            value=requests.total() / number,
            hold="4",
            aim="4",
            note=", ".join(f"{count:,} {kind}" for kind, count in sorted(requests.items())),
        ),
        _memory_row(stage, empty_memory),
    ]


async def _empty_start(stage: Stage) -> tuple[float, float]:
    """Return processor seconds and MiB of an operator that finds no connection."""
    stage.report("A start with no connection ...")
    await stage.operator.start()
    cpu = await stage.rest()
    resident = stage.operator.memory().resident
    await stage.operator.stop()
    return cpu, resident


def _memory_row(stage: Stage, empty: float) -> Row:
    used = stage.operator.memory()
    return Row(
        name="memory, MiB",
        value=used.peak,
        hold="≤ 190",
        aim="≤ 130",
        note=f"the most; {used.resident:.0f} at rest ({used.proportional:.0f} proportional), "
        f"{empty:.0f} with no connection",
    )
