"""Workloads that are restarted because they cannot read their files again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from token_operator.cluster import paths
from token_operator.cluster.api import MERGE_PATCH, Api, NotFoundError, Request
from token_operator.domain.connection import Workload
from token_operator.domain.kinds import GROUP

# On the template of the pods: by connection, which token the workload was restarted for.
RESTARTED_FOR: Final = f"{GROUP}/restarted-for"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenWorkload:
    """What is to be known of a workload before it is restarted."""

    uid: str
    resource_version: str
    # By name of a connection, the token that our last restart was for.
    restarted_for: Mapping[str, str] = field(default_factory=dict)
    is_paused: bool = False
    # Its pods are replaced only when somebody deletes them.
    keeps_pods: bool = False
    is_being_deleted: bool = False


async def read_workload(api: Api, namespace: str, workload: Workload) -> SeenWorkload | None:
    """Return a workload; None where it does not exist."""
    path = paths.workloads(workload.kind, namespace, workload.name)
    try:
        raw = await api.send(Request(method="GET", path=path))
    except NotFoundError:
        return None
    metadata, spec = raw["metadata"], raw.get("spec") or {}
    template = (spec.get("template") or {}).get("metadata") or {}
    return SeenWorkload(
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        restarted_for=_tokens_in((template.get("annotations") or {}).get(RESTARTED_FOR, "")),
        is_paused=bool(spec.get("paused")),
        keeps_pods=(spec.get("updateStrategy") or {}).get("type") == "OnDelete",
        is_being_deleted="deletionTimestamp" in metadata,
    )


def _tokens_in(text: str) -> dict[str, str]:
    """Return the tokens by name; none where the text is of release 0.1.0 or of somebody else."""
    parts = (part.partition("=") for part in text.split(","))
    return {name: token for name, _, token in parts if name and token}


async def restart_workload(
    api: Api, namespace: str, workload: Workload, seen: SeenWorkload, tokens: Mapping[str, str]
) -> None:
    """Restart a workload by recording on the template of its pods for which tokens that was.

    *tokens* are by name of a connection. Nothing else of it changes. Raise ConflictError where
    the workload is no longer as it was seen.
    """
    text = ",".join(f"{name}={token}" for name, token in sorted(tokens.items()))
    annotations: dict[str, Any] = {"metadata": {"annotations": {RESTARTED_FOR: text}}}
    identity = {"uid": seen.uid, "resourceVersion": seen.resource_version}
    request = Request(
        method="PATCH",
        path=paths.workloads(workload.kind, namespace, workload.name),
        body={"metadata": identity, "spec": {"template": annotations}},
        content_type=MERGE_PATCH,
    )
    await api.send(request)
