"""Secrets: sources are read, targets are written.

Every type that holds content keeps it out of its text form.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from token_operator.cluster import paths
from token_operator.cluster.api import (
    MERGE_PATCH,
    Api,
    NotFoundError,
    Request,
    listed,
)
from token_operator.cluster.managed_fields import managers_from
from token_operator.domain.connection import ConnectionKey
from token_operator.domain.kinds import GROUP, SALESFORCE_CONNECTION
from token_operator.domain.targets.labels import CONNECTION_LABEL, MANAGED_BY, WATCH_LABEL
from token_operator.domain.targets.secret import DesiredSecret, Owner, Secret, SecretMeta

WATCHED: Final = f"{WATCH_LABEL}=true"
_OUR_LABELS: Final = frozenset({MANAGED_BY, CONNECTION_LABEL, WATCH_LABEL})


def meta_from(raw: Mapping[str, Any]) -> SecretMeta:
    """Return what the operator needs of a raw Secret's metadata."""
    metadata = raw["metadata"]
    labels = metadata.get("labels") or {}
    annotations = metadata.get("annotations") or {}
    return SecretMeta(
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        resource_version=metadata.get("resourceVersion", ""),
        labels={name: labels[name] for name in labels if name in _OUR_LABELS},
        annotations={
            name: annotations[name] for name in annotations if name.startswith(f"{GROUP}/")
        },
        controller=_controller(metadata.get("ownerReferences") or ()),
        foreign_owners=tuple(
            one for one in metadata.get("ownerReferences") or () if not _is_connection(one)
        ),
        is_being_deleted="deletionTimestamp" in metadata,
    )


def _controller(references: Any) -> Owner | None:
    for one in references:
        if one.get("controller"):
            group, _, _ = one.get("apiVersion", "").rpartition("/")
            return Owner(kind=one["kind"], group=group, name=one["name"], uid=one["uid"])
    return None


def _is_connection(reference: Mapping[str, Any]) -> bool:
    group, _, _ = reference.get("apiVersion", "").rpartition("/")
    is_ours = (reference["kind"], group) == (SALESFORCE_CONNECTION.name, GROUP)
    return is_ours and bool(reference.get("controller"))


def _secret_from(raw: Mapping[str, Any]) -> Secret:
    data, metadata = raw.get("data") or {}, raw["metadata"]
    return Secret(
        meta=meta_from(raw),
        entries={name: _decoded(value) for name, value in data.items()},
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        is_immutable=bool(raw.get("immutable")),
        type=raw.get("type", "Opaque"),
        managers=managers_from(raw),
    )


def _decoded(value: str | None) -> bytes:
    try:
        return base64.b64decode(value or "")
    except (binascii.Error, ValueError):
        return b""


def _encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


async def read_secret(api: Api, namespace: str, name: str) -> Secret | None:
    """Return a Secret; None where it does not exist."""
    request = Request(method="GET", path=paths.secrets(namespace, name))
    try:
        return _secret_from(await api.send(request))
    except NotFoundError:
        return None


async def watched_secrets(api: Api, namespace: str | None) -> AsyncIterator[tuple[str, SecretMeta]]:
    """Yield namespace and metadata of all labelled Secrets, content left on the server."""
    async for raw in listed(api, paths.secrets(namespace), {"labelSelector": WATCHED}):
        yield raw["metadata"]["namespace"], meta_from(raw)


async def create_secret(api: Api, desired: DesiredSecret) -> SecretMeta:
    """Create a target. Raise ConflictError where the name is taken."""
    namespace, name = desired.key.namespace, desired.key.name
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": _metadata(desired),
        "data": {entry: _encoded(value) for entry, value in desired.entries.items()},
    }
    body["metadata"]["name"] = name
    request = Request(method="POST", path=paths.secrets(namespace), body=body)
    return meta_from(await api.send(request))


async def patch_secret(api: Api, desired: DesiredSecret, seen: SecretMeta) -> SecretMeta:
    """Write a target that is there, if it is still as *seen*; raise ConflictError otherwise."""
    namespace, name = desired.key.namespace, desired.key.name
    data: dict[str, str | None] = {entry: _encoded(text) for entry, text in desired.entries.items()}
    data |= {entry: None for entry in desired.dropped if entry not in desired.entries}
    metadata = _metadata(desired, seen.foreign_owners) | as_seen(seen)
    request = Request(
        method="PATCH",
        path=paths.secrets(namespace, name),
        body={"metadata": metadata, "data": data},
        content_type=MERGE_PATCH,
    )
    return meta_from(await api.send(request))


async def write_entry(
    api: Api, namespace: str, seen: SecretMeta, entry: str, value: str
) -> SecretMeta:
    """Set one entry of a Secret, if it is still as *seen*; raise ConflictError otherwise."""
    request = Request(
        method="PATCH",
        path=paths.secrets(namespace, seen.name),
        body={"metadata": as_seen(seen), "data": {entry: _encoded(value)}},
        content_type=MERGE_PATCH,
    )
    return meta_from(await api.send(request))


async def strip_secret(  # noqa: PLR0913 - three kinds of things are taken off
    api: Api,
    namespace: str,
    seen: SecretMeta,
    *,
    entries: tuple[str, ...] = (),
    labels: tuple[str, ...] = (),
    annotations: tuple[str, ...] = (),
) -> SecretMeta:
    """Take our labels, our owner reference and these off a Secret, if it is still as *seen*."""
    desired = DesiredSecret(
        key=ConnectionKey(namespace, seen.name),
        entries={},
        dropped=entries,
        dropped_labels=(*sorted(_OUR_LABELS), *labels),
        dropped_annotations=annotations,
        owners=(),
    )
    return await patch_secret(api, desired, seen)


async def delete_secret(api: Api, namespace: str, seen: SecretMeta) -> None:
    """Delete a Secret, if it is still as *seen*."""
    body = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": as_seen(seen),
    }
    await api.send(Request(method="DELETE", path=paths.secrets(namespace, seen.name), body=body))


def as_seen(seen: SecretMeta) -> dict[str, Any]:
    """Return the metadata by which a write is refused once the Secret is another than *seen*."""
    return {"uid": seen.uid, "resourceVersion": seen.resource_version}


def _metadata(
    desired: DesiredSecret, foreign_owners: tuple[Mapping[str, object], ...] = ()
) -> dict[str, Any]:
    labels: dict[str, str | None] = dict.fromkeys(desired.dropped_labels)
    annotations: dict[str, str | None] = dict.fromkeys(desired.dropped_annotations)
    metadata: dict[str, Any] = {
        "labels": labels | dict(desired.labels),
        "annotations": annotations | dict(desired.annotations),
    }
    if desired.owners is not None:
        metadata["ownerReferences"] = [dict(one) for one in (*foreign_owners, *desired.owners)]
    return metadata
