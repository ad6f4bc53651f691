"""Events: what happened, for the user who describes a connection."""

import hashlib
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from token_operator.cluster import paths
from token_operator.cluster.api import MERGE_PATCH, Api, NotFoundError, Request
from token_operator.domain.connection import Connection
from token_operator.domain.instants import rfc3339
from token_operator.domain.kinds import SALESFORCE_CONNECTION
from token_operator.domain.outbox import Notice

COMPONENT: Final = "salesforce-token-operator"
# The API server refuses longer messages.
MAX_MESSAGE: Final = 1024


async def post_event(api: Api, connection: Connection, notice: Notice, now: datetime) -> None:
    """Post *notice* as an Event about *connection*; one of a series counts its Event up.

    Raise ApiError or ApiUnavailableError.
    """
    if notice.series and await _count_up(api, connection, notice, now):
        return
    body = _event(connection, notice, now)
    await api.send(Request(method="POST", path=paths.events(connection.key.namespace), body=body))


async def _count_up(api: Api, connection: Connection, notice: Notice, now: datetime) -> bool:
    """Update the Event of a series; return False where it does not exist, or not any more."""
    path = paths.events(connection.key.namespace, _name(connection, notice))
    body = {
        "count": notice.count,
        "lastTimestamp": rfc3339(now),
        "message": notice.message[:MAX_MESSAGE],
    }
    try:
        await api.send(Request(method="PATCH", path=path, body=body, content_type=MERGE_PATCH))
    except NotFoundError:
        return False
    return True


def _name(connection: Connection, notice: Notice) -> str:
    """Return a name: the same one for all notices of a series, else one of its own."""
    mark = uuid4().hex
    if notice.series:
        parts = f"{connection.uid}/{notice.reason}/{notice.series}"
        mark = hashlib.sha256(parts.encode()).hexdigest()
    return f"{connection.key.name}.{mark[:16]}"


def _event(connection: Connection, notice: Notice, now: datetime) -> dict[str, Any]:
    key, at = connection.key, rfc3339(now)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": _name(connection, notice), "namespace": key.namespace},
        "involvedObject": {
            "apiVersion": SALESFORCE_CONNECTION.api_version,
            "kind": SALESFORCE_CONNECTION.name,
            "namespace": key.namespace,
            "name": key.name,
            "uid": connection.uid,
        },
        "type": "Warning" if notice.is_warning else "Normal",
        "reason": notice.reason,
        "message": notice.message[:MAX_MESSAGE],
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": notice.count,
    }
