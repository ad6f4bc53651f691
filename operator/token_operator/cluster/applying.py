"""Server-side apply: several write into one Secret, and the API server keeps them apart."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from token_operator.cluster import paths
from token_operator.cluster.api import APPLY_PATCH, Api, Request
from token_operator.cluster.secrets import as_seen, meta_from
from token_operator.domain.connection import ConnectionKey
from token_operator.domain.targets.secret import SecretMeta


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a field manager wants to have in a Secret, and whether it takes it from others."""

    manager: str
    entries: Mapping[str, str] = field(repr=False)
    takes_over: bool = False


async def apply_entries(
    api: Api, key: ConnectionKey, seen: SecretMeta, applied: Applied
) -> SecretMeta:
    """Make the entries those of the field manager, if the Secret is still as *seen*.

    Entries that it applied before and no longer wants go; those of others stay.
    Raise ConflictError where the Secret has changed since, or is gone.
    """
    data = {name: base64.b64encode(text.encode()) for name, text in applied.entries.items()}
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": key.name, **as_seen(seen)},
        "data": {name: text.decode() for name, text in data.items()},
    }
    request = Request(
        method="PATCH",
        path=paths.secrets(key.namespace, key.name),
        query={"fieldManager": applied.manager, "force": str(applied.takes_over).lower()},
        body=body,
        content_type=APPLY_PATCH,
    )
    return meta_from(await api.send(request))
