"""Workloads that are restarted because they cannot read their files again."""

from dataclasses import dataclass
from typing import Any, Final

from token_operator.cluster.api import MERGE_PATCH, Api, NotFoundError, Request
from token_operator.domain.connection import GROUP, Workload

RESTARTED_FOR: Final = f"{GROUP}/restarted-for"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenWorkload:
    """What is to be known of a workload before it is restarted."""

    uid: str
    # The mark of the last restart by us; empty if there was none.
    restarted_for: str = ""
    is_paused: bool = False
    # Its pods are replaced only when somebody deletes them.
    keeps_pods: bool = False
    is_being_deleted: bool = False


async def read_workload(api: Api, namespace: str, workload: Workload) -> SeenWorkload | None:
    """Return a workload; None where it does not exist."""
    try:
        raw = await api.send(Request(method="GET", path=_path(namespace, workload)))
    except NotFoundError:
        return None
    metadata, spec = raw["metadata"], raw.get("spec") or {}
    template = (spec.get("template") or {}).get("metadata") or {}
    return SeenWorkload(
        uid=metadata["uid"],
        restarted_for=(template.get("annotations") or {}).get(RESTARTED_FOR, ""),
        is_paused=bool(spec.get("paused")),
        keeps_pods=(spec.get("updateStrategy") or {}).get("type") == "OnDelete",
        is_being_deleted="deletionTimestamp" in metadata,
    )


async def restart_workload(
    api: Api, namespace: str, workload: Workload, uid: str, mark: str
) -> None:
    """Restart a workload by marking the template of its pods; nothing else of it changes."""
    annotations: dict[str, Any] = {"metadata": {"annotations": {RESTARTED_FOR: mark}}}
    request = Request(
        method="PATCH",
        path=_path(namespace, workload),
        body={"metadata": {"uid": uid}, "spec": {"template": annotations}},
        content_type=MERGE_PATCH,
    )
    await api.send(request)


def _path(namespace: str, workload: Workload) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/{workload.kind.lower()}s/{workload.name}"
