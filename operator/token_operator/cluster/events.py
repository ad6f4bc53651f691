"""Events: what happened, for the user who describes a connection."""

from datetime import datetime
from typing import Final
from uuid import uuid4

from token_operator.cluster import paths
from token_operator.cluster.api import Api, Request
from token_operator.domain.connection import Connection
from token_operator.domain.instants import rfc3339
from token_operator.domain.kinds import SALESFORCE_CONNECTION
from token_operator.domain.outbox import Notice

COMPONENT: Final = "salesforce-token-operator"
# The API server refuses longer messages.
MAX_MESSAGE: Final = 1024


async def post_event(api: Api, connection: Connection, notice: Notice, now: datetime) -> None:
    """Post *notice* as an Event about *connection*."""
    key = connection.key
    at = rfc3339(now)
    body = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{key.name}.{uuid4().hex[:16]}", "namespace": key.namespace},
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
        "count": 1,
    }
    await api.send(Request(method="POST", path=paths.events(key.namespace), body=body))
