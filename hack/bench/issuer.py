"""The orgs that issue tokens, seen from outside their process."""

import asyncio
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import aiohttp

from bench.orgs import KEYS, OUTAGE
from bench.waiting import BenchError, until
from cluster.children import Child, spawn

_PROGRAM: Final = Path(__file__).with_name("orgs.py")
_PATIENCE: Final = 120.0


@dataclass(frozen=True, slots=True)
class OrgAddress:
    """Where an org is logged in at, and the app to log in with."""

    name: str
    login_url: str
    consumer_key: str

    @property
    def host(self) -> str:
        """HOST:PORT, as --allowed-host takes it."""
        return self.login_url.removeprefix("https://")


@dataclass(frozen=True, slots=True)
class Issuer:
    """Running orgs: those of the fleet, and one that can be made to fail."""

    orgs: tuple[OrgAddress, ...]
    failing: OrgAddress
    ca_file: Path
    keys: tuple[str, ...]
    _admin: str
    _http: aiohttp.ClientSession

    @classmethod
    async def start(cls, child: Child, folder: Path, http: aiohttp.ClientSession) -> Self:
        """Return the orgs of a process when it listens."""

        async def listens() -> bool:
            if child.has_ended():
                raise BenchError(f"The orgs ended:\n{child.last_lines()}")
            return child.last_lines().endswith("}")

        await until(listens, "the orgs to listen", seconds=_PATIENCE)
        answered = json.loads(child.last_lines().splitlines()[-1])
        *orgs, failing = (OrgAddress(**one) for one in answered["orgs"])
        keys = tuple((folder / f"{name}.key").read_text() for name in KEYS)
        return cls(tuple(orgs), failing, folder / "ca.pem", keys, answered["admin"], http)

    async def calls(self) -> Counter[str]:
        """Return how often each endpoint of the fleet's orgs was called."""
        reports = await asyncio.gather(*(self._report(org.name) for org in self.orgs))
        return sum((Counter(one["calls"]) for one in reports), Counter())

    async def failing_calls(self) -> int:
        """Return how often the org that fails was called, whatever it answered."""
        return sum((await self._report(OUTAGE))["calls"].values())

    async def set_outage(self, *, on: bool) -> None:
        """Let one org answer 503 to everything, or end that."""
        url = f"{self._admin}/orgs/{OUTAGE}/outage"
        async with self._http.post(url, json={"on": on}) as answer:
            answer.raise_for_status()

    async def _report(self, org: str) -> dict[str, Any]:
        async with self._http.get(f"{self._admin}/orgs/{org}") as answer:
            answer.raise_for_status()
            report: dict[str, Any] = await answer.json()
            return report


def spawn_orgs(folder: Path, *, orgs: int, users: int) -> Child:
    """Start the process with the orgs."""
    log = folder / "orgs.log"
    command: list[str | Path] = [sys.executable, _PROGRAM, folder, str(orgs), str(users)]
    with log.open("wb") as output:
        return Child("orgs", spawn(command, output), log)
