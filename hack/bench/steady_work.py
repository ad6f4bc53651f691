"""What goes on all the time: renewals and verifications, much faster than usual."""

import asyncio
import math
from dataclasses import dataclass
from typing import Final

from bench.newcomers import QUIET
from bench.rows import Row
from bench.stage import Stage

# Renewed after 20 % of a minute, less up to 8 % of it: every 7.2 to 12 s, evenly spread.
SHORT: Final = {"lifetime": "1m", "renewAtPercent": 20}
_SOONEST, _LATEST = 7.2, 12.0
# Logins a second of one such connection: the mean of 1/t over that range.
_RATE: Final = math.log(_LATEST / _SOONEST) / (_LATEST - _SOONEST)
_USUAL: Final = {"lifetime": "1h", "renewAtPercent": 60}
_VERIFIED_EVERY: Final = 5.0


@dataclass(frozen=True, slots=True)
class Work:
    """What was done in a window of time."""

    number: int
    cpu: float
    seconds: float

    @property
    def rate(self) -> float:
        """How often, a second."""
        return self.number / self.seconds

    @property
    def cost(self) -> float:
        """Milliseconds of processor time for each; not a number if nothing was done."""
        return self.cpu / self.number * 1000 if self.number else math.nan


async def measure(stage: Stage) -> list[Row]:
    """Measure renewals and verifications, each alone."""
    return [*await _renewals(stage), await _verifications(stage)]


async def _renewals(stage: Stage) -> list[Row]:
    members = stage.members[: stage.scale.renewing]
    asked = len(members) * _RATE
    stage.report(f"{asked:.0f} renewals a second ...")
    await stage.fleet.change(members, {**SHORT, **QUIET})
    await asyncio.sleep(_LATEST)
    work = await _watch(stage, "token", stage.scale.renewal_window)
    await stage.fleet.change(members, {**_USUAL, **QUIET})
    await stage.rest()
    return [
        Row(
            name="renewals/s when 100 are asked",
            value=work.rate,
            hold="100",
            aim="100",
            note=f"{asked:.0f} were asked, over {work.seconds:.0f} s",
        ),
        Row(
            name="CPU per renewal, ms",
            value=work.cost,
            note="login, verification, target and status",
        ),
    ]


async def _verifications(stage: Stage) -> Row:
    members = stage.members[: stage.scale.verifying]
    asked = len(members) / _VERIFIED_EVERY
    stage.report(f"{asked:.0f} verifications a second ...")
    await stage.fleet.change(members, {"verifyInterval": f"{_VERIFIED_EVERY:.0f}s"})
    await asyncio.sleep(_VERIFIED_EVERY)
    work = await _watch(stage, "rest", stage.scale.verification_window)
    await stage.fleet.change(members, QUIET)
    await stage.rest()
    return Row(
        name="CPU per verification, ms",
        value=work.cost,
        note=f"{work.rate:.0f}/s, {asked:.0f} were asked",
    )


async def _watch(stage: Stage, endpoint: str, seconds: float) -> Work:
    """Return how often an endpoint of the orgs is called, and what that costs the operator."""
    calls, cpu = (await stage.issuer.calls())[endpoint], stage.operator.cpu()
    await asyncio.sleep(seconds)
    used = stage.operator.cpu() - cpu
    return Work((await stage.issuer.calls())[endpoint] - calls, used, seconds)
