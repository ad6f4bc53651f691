"""New connections while the operator runs: one by one, many at once, and one with another key."""

import asyncio
import time
from typing import Final

from bench.fleet import Member
from bench.rows import Row, percentile
from bench.stage import Stage
from bench.waiting import until

# Verified as every new token is; then left alone, so that each phase measures its own work only.
QUIET: Final = {"verifyInterval": "0s"}
_PAUSE: Final = 0.3
_PATIENCE: Final = 60.0
# So many creations are under way at the same time.
_CREATORS: Final = 64


async def measure(stage: Stage) -> list[Row]:
    """Measure how long newcomers wait for their targets, and a new key for its login."""
    few = stage.fleet.take(stage.scale.one_by_one)
    one = await _one_by_one(stage, few)
    many = await _at_once(stage)
    key = await _key_changes(stage, few[: stage.scale.key_changes])
    return [*many, one, key]


async def _one_by_one(stage: Stage, members: list[Member]) -> Row:
    stage.report(f"{len(members)} new connections, one after the other ...")
    await stage.fleet.give_keys(members)
    await stage.rest()
    waited = []
    for one in members:
        began = time.monotonic()
        await stage.fleet.connect([one], QUIET)
        arrived = await stage.arrivals.of([one.target], seconds=_PATIENCE)
        waited.append((arrived[one.target] - began) * 1000)
        await asyncio.sleep(_PAUSE)
    stage.members += members
    return Row(
        name="one new one, p50 ms",
        value=percentile(waited, 0.5),
        hold="≤ 40",
        aim="≤ 20",
        note=f"from its creation to its target; at most {max(waited):.0f}",
    )


async def _at_once(stage: Stage) -> list[Row]:
    number = stage.scale.at_once
    stage.report(f"{number:,} new connections at once ...")
    members = stage.fleet.take(number)
    await stage.fleet.give_keys(members)
    await stage.rest()
    began = time.monotonic()
    await stage.fleet.connect(members, QUIET, at_once=_CREATORS)
    created = time.monotonic() - began
    arrived = await stage.arrivals.of([one.target for one in members], seconds=stage.patience)
    waited = [at - began for at in arrived.values()]
    stage.members += members
    await stage.rest()
    reported = f"since the first was asked for; the last was created after {created:.1f} s"
    return [
        Row(
            name=f"{number:,} new ones at once, p50 s",
            value=percentile(waited, 0.5),
            hold="≤ 3",
            aim="≤ 2",
            note=reported,
        ),
        Row(
            name=f"{number:,} new ones at once, p99 s",
            value=percentile(waited, 0.99),
            hold="≤ 5",
            aim="≤ 3",
            note=reported,
        ),
    ]


async def _key_changes(stage: Stage, members: list[Member]) -> Row:
    stage.report(f"{len(members)} key Secrets get another key ...")
    waited = [await _key_change(stage, one) for one in members]
    return Row(
        name="a changed key acts after, s",
        value=percentile(waited, 0.5),
        hold="2",
        aim="1",
        note=f"from the change to the status that names it; at most {max(waited):.2g}",
    )


async def _key_change(stage: Stage, member: Member) -> float:
    before = await stage.fleet.key_in_use(member)

    async def is_in_use() -> bool:
        return await stage.fleet.key_in_use(member) != before

    began = time.monotonic()
    await stage.fleet.change_key(member)
    await until(is_in_use, f"the new key of {member.name}", seconds=_PATIENCE)
    return time.monotonic() - began
