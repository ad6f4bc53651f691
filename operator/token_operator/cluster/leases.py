"""The Lease that says who leads (coordination.k8s.io/v1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from token_operator.cluster import paths
from token_operator.cluster.api import Api, NotFoundError, Request

_MICROSECONDS = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseName:
    """Where the Lease is."""

    namespace: str
    name: str

    @property
    def collection(self) -> str:
        """The path of the Leases of the namespace."""
        return paths.leases(self.namespace)

    @property
    def path(self) -> str:
        """The path of the Lease."""
        return paths.leases(self.namespace, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who holds the Lease, and how often it has changed hands; *version* guards a write."""

    holder: str
    transitions: int = 0
    acquired_at: str | None = None
    renewed_at: str | None = None
    duration: timedelta = timedelta(seconds=15)
    version: str = ""


async def read_lease(api: Api, where: LeaseName) -> Lease | None:
    """Return the Lease as it is; None where it does not exist."""
    try:
        raw = await api.send(Request(method="GET", path=where.path))
    except NotFoundError:
        return None
    return _lease_from(raw)


async def write_lease(api: Api, where: LeaseName, lease: Lease) -> Lease:
    """Create the Lease (without a version) or replace it; raise ConflictError on a lost race."""
    metadata: dict[str, Any] = {"name": where.name, "namespace": where.namespace}
    if lease.version:
        metadata["resourceVersion"] = lease.version
    body = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": metadata,
        "spec": {
            "holderIdentity": lease.holder,
            "leaseDurationSeconds": max(round(lease.duration.total_seconds()), 1),
            "acquireTime": lease.acquired_at,
            "renewTime": lease.renewed_at,
            "leaseTransitions": lease.transitions,
        },
    }
    is_new = not lease.version
    request = Request(
        method="POST" if is_new else "PUT",
        path=where.collection if is_new else where.path,
        body=body,
    )
    return _lease_from(await api.send(request))


def lease_time(instant: datetime) -> str:
    """Return *instant* (UTC) as Kubernetes writes the times of a Lease."""
    return instant.strftime(_MICROSECONDS)


def _lease_from(raw: dict[str, Any]) -> Lease:
    spec = raw.get("spec") or {}
    return Lease(
        holder=spec.get("holderIdentity") or "",
        transitions=spec.get("leaseTransitions") or 0,
        acquired_at=spec.get("acquireTime"),
        renewed_at=spec.get("renewTime"),
        duration=timedelta(seconds=spec.get("leaseDurationSeconds") or 15),
        version=raw["metadata"]["resourceVersion"],
    )
