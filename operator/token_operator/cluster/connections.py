"""SalesforceConnections: status and finalizers are written, nothing else."""

from typing import Any, Final

from token_operator.cluster import paths
from token_operator.cluster.api import MERGE_PATCH, METADATA_LIST, Api, Request, listed
from token_operator.domain.connection import Connection
from token_operator.domain.kinds import GROUP, SALESFORCE_CONNECTION, Kind

REVOKE_FINALIZER: Final = f"{GROUP}/revoke"


async def check_api(api: Api, kind: Kind, namespace: str | None) -> None:
    """Ask for resources of *kind* once.

    Raise NotFoundError without the CRD, ForbiddenError if refused.
    """
    path = paths.resources(kind, namespace)
    await api.send(Request(method="GET", path=path, query={"limit": "1"}, accept=METADATA_LIST))


async def uids_of(api: Api, kind: Kind, namespace: str | None) -> set[str]:
    """Return the UIDs of all resources of *kind*, in one namespace or in all."""
    found = listed(api, paths.resources(kind, namespace), {})
    return {raw["metadata"]["uid"] async for raw in found}


async def write_status(api: Api, connection: Connection, patch: dict[str, Any]) -> dict[str, Any]:
    """Change the status by a merge patch and return the connection as it is then.

    Raise NotFoundError or ConflictError where the connection is gone.
    """
    body: dict[str, Any] = {
        "apiVersion": SALESFORCE_CONNECTION.api_version,
        "kind": SALESFORCE_CONNECTION.name,
        "metadata": {"uid": connection.uid},
        "status": patch,
    }
    key = connection.key
    path = paths.status(SALESFORCE_CONNECTION, key.namespace, key.name)
    request = Request(method="PATCH", path=path, body=body, content_type=MERGE_PATCH)
    return await api.send(request)


async def write_finalizers(
    api: Api, connection: Connection, finalizers: tuple[str, ...], resource_version: str
) -> None:
    """Set the finalizers, if the connection is still as seen; raise ConflictError otherwise."""
    body = {
        "metadata": {
            "uid": connection.uid,
            "resourceVersion": resource_version,
            "finalizers": list(finalizers),
        }
    }
    key = connection.key
    path = paths.resources(SALESFORCE_CONNECTION, key.namespace, key.name)
    await api.send(Request(method="PATCH", path=path, body=body, content_type=MERGE_PATCH))
