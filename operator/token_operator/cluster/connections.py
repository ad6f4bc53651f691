"""SalesforceConnections: status and finalizers are written, nothing else."""

from typing import Any, Final

from token_operator.cluster.api import MERGE_PATCH, METADATA_LIST, Api, Request, listed
from token_operator.cluster.statuses import raw_status
from token_operator.domain.connection import API_VERSION, GROUP, Connection
from token_operator.domain.status import Status

PLURAL: Final = "salesforceconnections"
REVOKE_FINALIZER: Final = f"{GROUP}/revoke"


def collection_path(namespace: str | None) -> str:
    """Return the path of the connections of one namespace, or of all."""
    base = f"/apis/{API_VERSION}"
    return f"{base}/namespaces/{namespace}/{PLURAL}" if namespace else f"{base}/{PLURAL}"


def _path(connection: Connection) -> str:
    return f"{collection_path(connection.key.namespace)}/{connection.key.name}"


async def check_api(api: Api, namespace: str | None) -> None:
    """Ask for connections once; raise NotFoundError without the CRD, ForbiddenError if refused."""
    path = collection_path(namespace)
    await api.send(Request(method="GET", path=path, query={"limit": "1"}, accept=METADATA_LIST))


async def connection_uids(api: Api, namespace: str | None) -> set[str]:
    """Return the UIDs of all connections of one namespace, or of all."""
    found = listed(api, collection_path(namespace), {})
    return {raw["metadata"]["uid"] async for raw in found}


async def write_status(api: Api, connection: Connection, status: Status, before: Status) -> None:
    """Write the status in place of *before*.

    Raise NotFoundError or ConflictError where the connection is gone.
    """
    body: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": "SalesforceConnection",
        "metadata": {"uid": connection.uid},
        "status": raw_status(status, before),
    }
    path = f"{_path(connection)}/status"
    await api.send(Request(method="PATCH", path=path, body=body, content_type=MERGE_PATCH))


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
    request = Request(method="PATCH", path=_path(connection), body=body, content_type=MERGE_PATCH)
    await api.send(request)
