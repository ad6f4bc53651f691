"""An org that answers 503 to everything, and many connections that want something of it."""

import asyncio

from bench.rows import Row
from bench.stage import Stage
from bench.steady_work import SHORT

# Long enough that renewals and verifications are spread.
_SETTLING = 5.0


async def measure(stage: Stage) -> list[Row]:
    """Measure how many requests fail in an outage of a minute."""
    number, window = stage.scale.in_outage, stage.scale.outage_window
    stage.report(f"An outage of {window:.0f} s for {number} connections ...")
    members = stage.fleet.take_failing(number)
    await stage.fleet.give_keys(members)
    await stage.fleet.connect(members, SHORT)
    await stage.arrivals.of([one.target for one in members], seconds=stage.patience)
    await asyncio.sleep(_SETTLING)
    before = await stage.issuer.failing_calls()
    await stage.issuer.set_outage(on=True)
    await asyncio.sleep(window)
    failed = await stage.issuer.failing_calls() - before
    await stage.issuer.set_outage(on=False)
    return [
        Row(
            name="failed requests in an outage",
            value=failed,
            hold="≤ 90",
            aim="≤ 30",
            note=f"{window:.0f} s, {number} connections of one org, all due within 12 s",
        )
    ]
