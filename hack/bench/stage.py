"""What the benchmark plays on: a control plane, the orgs and the operator, each a process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

import cluster
from bench.api import Api
from bench.arrivals import Arrivals
from bench.audit import AuditLog
from bench.fleet import NAMESPACE, Fleet, Member
from bench.issuer import Issuer
from bench.operator_process import OperatorProcess
from bench.scale import Scale
from bench.waiting import Report
from cluster.children import Child

# Seconds for what takes a moment, and for each connection that takes part.
_PATIENCE: Final = 60.0
_PATIENCE_EACH: Final = 0.25


@dataclass(slots=True, kw_only=True)
class Stage:
    """All parts, and the connections that are there by now."""

    scale: Scale
    report: Report
    issuer: Issuer
    operator: OperatorProcess
    fleet: Fleet
    arrivals: Arrivals
    audit: AuditLog
    members: list[Member] = field(default_factory=list)

    @property
    def patience(self) -> float:
        """How long to wait for all connections to get somewhere, in seconds."""
        number = max(len(self.members), self.scale.connections + self.scale.at_once)
        return _PATIENCE + _PATIENCE_EACH * number

    async def rest(self) -> float:
        """Wait until the operator has nothing to do; return the processor time it has used."""
        return await self.operator.rest(seconds=self.patience)


@asynccontextmanager
async def set_up(
    control_plane: cluster.ControlPlane, orgs: Child, folder: Path, scale: Scale, report: Report
) -> AsyncIterator[Stage]:
    """Give a stage with no connection and no operator yet; leaving it stops the operator."""
    api = Api.of(control_plane.kubeconfig, folder)
    timeout = aiohttp.ClientTimeout(total=_PATIENCE)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        issuer = await Issuer.start(orgs, folder, http)
        operator = OperatorProcess(folder, control_plane.kubeconfig, issuer, http)
        await api.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        arrivals = Arrivals(api, NAMESPACE)
        watch = asyncio.create_task(arrivals.run())
        try:
            yield Stage(
                scale=scale,
                report=report,
                issuer=issuer,
                operator=operator,
                fleet=Fleet(api, issuer, report),
                arrivals=arrivals,
                audit=AuditLog(control_plane.audit_log, NAMESPACE),
            )
        finally:
            await operator.stop()
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch
            await api.close()
