"""A restart, and an operator that has nothing to do."""

import asyncio
import time

from bench.rows import Row
from bench.stage import Stage
from bench.waiting import until

_MINUTE = 60.0
_PAUSE = 1.0


async def measure(stage: Stage) -> list[Row]:
    """Measure a restart until each token is proven anew, then a minute without any work."""
    return [*await _restart(stage), await _idle(stage)]


async def _restart(stage: Stage) -> list[Row]:
    number = len(stage.members)
    stage.report(f"A restart with {number:,} connections ...")
    await stage.operator.stop()
    before = await stage.issuer.calls()
    stage.audit.mark()
    began = time.monotonic()
    await stage.operator.start()
    known = await _until_all_are_known(stage)
    await _until_all_are_proven(stage, proven_before=before["rest"])
    seconds = time.monotonic() - began
    proven = stage.operator.cpu()
    logins = (await stage.issuer.calls())["token"] - before["token"]
    return [
        Row(
            name="restart, CPU s",
            value=known,
            hold="≤ 5",
            aim="≤ 3",
            note="until every connection is known",
        ),
        Row(
            name="restart and proofs, CPU s",
            value=proven,
            note=f"until every token is read and verified again, spread over {seconds:.0f} s",
        ),
        Row(name="logins in a restart", value=logins, hold="0", aim="0"),
    ]


async def _until_all_are_known(stage: Stage) -> float:
    """Return the processor time after which the operator knows every connection."""

    async def all_are_known() -> bool:
        if not stage.audit.is_watched("salesforceconnections"):
            return False
        await asyncio.sleep(_PAUSE)
        return await stage.operator.known() >= len(stage.members)

    await until(all_are_known, "all connections to be known", seconds=stage.patience)
    return stage.operator.cpu()


async def _until_all_are_proven(stage: Stage, *, proven_before: int) -> None:
    """Wait for as many verifications: a token is proven when its turn comes, within 5 minutes."""

    async def all_are_proven() -> bool:
        await asyncio.sleep(_PAUSE)
        calls = await stage.issuer.calls()
        return calls["rest"] - proven_before >= len(stage.members)

    patience = 5 * _MINUTE + stage.patience
    await until(all_are_proven, "all tokens to be proven again", seconds=patience)


async def _idle(stage: Stage) -> Row:
    stage.report("Verification off, and nothing to do ...")
    await stage.fleet.change(stage.members, {"verifyInterval": "0s"})
    await stage.rest()
    window = stage.scale.idle_window
    before = stage.operator.cpu()
    await asyncio.sleep(window)
    used = stage.operator.cpu() - before
    return Row(
        name="idle, CPU s in 60 s",
        value=used * _MINUTE / window,
        hold="≤ 0.5",
        aim="≤ 0.1",
        note=f"without verification; watched for {window:.0f} s",
    )
