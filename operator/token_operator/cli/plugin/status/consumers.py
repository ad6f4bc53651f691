"""Which pods read the targets of a connection, and whether a new token reaches them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from token_operator.domain.connection import Connection, Workload

Raw = dict[str, Any]
_ENDED: Final = frozenset({"Succeeded", "Failed"})
_UNREACHED: Final = (
    "A new token does not reach it. Mount the Secret as a volume without subPath, or add its "
    "workload to spec.restartWorkloads."
)


class Way(StrEnum):
    """How a pod reads a Secret; only a volume shows a new token to a pod that runs."""

    VOLUME = "volume"
    SUB_PATH = "subPath"
    ENVIRONMENT = "env"


@dataclass(frozen=True, slots=True, order=True)
class Consumer:
    """A pod that reads a target.

    Its workload is taken to be restarted where the spec says so: whether the operator may, and
    whether the workload lets it, nothing that the plugin reads shows for certain.
    """

    secret_name: str
    pod: str
    way: Way
    is_restarted: bool

    @property
    def warning(self) -> str:
        """What keeps a new token from the pod while it runs; empty where nothing does."""
        is_reached = self.way is Way.VOLUME or self.is_restarted
        return "" if is_reached else _UNREACHED

    def document(self) -> dict[str, str]:
        """Return it as the member of a JSON document."""
        found = {
            "pod": self.pod,
            "secretName": self.secret_name,
            "way": self.way.value,
            "warning": self.warning,
        }
        return {name: value for name, value in found.items() if value}


def consumers_of(connection: Connection, pods: Sequence[Raw]) -> list[Consumer]:
    """Return which pods that have not ended read the targets of *connection*, and how."""
    targets = {target.secret_name for target in connection.targets}
    found = {
        Consumer(
            secret_name=name,
            pod=pod["metadata"]["name"],
            way=way,
            is_restarted=workload_of(pod) in connection.restart_workloads,
        )
        for pod in pods
        if (pod.get("status") or {}).get("phase") not in _ENDED
        for name, way in _uses(pod["spec"], targets)
    }
    return sorted(found)


def lines_of(consumers: Sequence[Consumer]) -> Iterator[str]:
    """Yield what the report says of the pods that read the targets."""
    if consumers:
        yield "Read by:"
    for one in consumers:
        yield f"  pod {one.pod}: Secret {one.secret_name} by {one.way}"
        if one.warning:
            yield f"    Warning: {one.warning}"


def workload_of(pod: Raw) -> Workload | None:
    """Return the workload whose pod it is, as far as the pod shows."""
    metadata = pod["metadata"]
    owners = metadata.get("ownerReferences") or ()
    owner = next((one for one in owners if one.get("controller")), None)
    if owner is None:
        return None
    if owner["kind"] != "ReplicaSet":
        return Workload(kind=owner["kind"], name=owner["name"])
    # The ReplicaSets of a Deployment are called as it is, with the hash of the template behind.
    template = (metadata.get("labels") or {}).get("pod-template-hash", "")
    return Workload(kind="Deployment", name=owner["name"].removesuffix(f"-{template}"))


def _uses(spec: Raw, targets: Collection[str]) -> Iterator[tuple[str, Way]]:
    volumes = [(volume, secret) for volume, secret in _volumes(spec) if secret in targets]
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        for mount in container.get("volumeMounts") or ():
            is_part = mount.get("subPath") or mount.get("subPathExpr")
            for volume, secret in volumes:
                if volume == mount["name"]:
                    yield secret, Way.SUB_PATH if is_part else Way.VOLUME
        for name in _in_environment(container):
            if name in targets:
                yield name, Way.ENVIRONMENT


def _volumes(spec: Raw) -> Iterator[tuple[str, str]]:
    for volume in spec.get("volumes") or ():
        yield volume["name"], (volume.get("secret") or {}).get("secretName", "")
        for source in (volume.get("projected") or {}).get("sources") or ():
            if "secret" in source:
                yield volume["name"], source["secret"]["name"]


def _in_environment(container: Raw) -> Iterator[str]:
    for one in container.get("envFrom") or ():
        yield (one.get("secretRef") or {}).get("name", "")
    for one in container.get("env") or ():
        yield ((one.get("valueFrom") or {}).get("secretKeyRef") or {}).get("name", "")
