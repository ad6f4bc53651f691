"""Where the API server serves which resources: every path that the operator and plugin use."""

from typing import Final

from token_operator.domain.kinds import Kind

_CORE: Final = "/api/v1"
_APPS: Final = "/apis/apps/v1"
_COORDINATION: Final = "/apis/coordination.k8s.io/v1"


def resources(kind: Kind, namespace: str | None, name: str = "") -> str:
    """Return the path of resources of a kind of ours, in one namespace or in all."""
    return _path(f"/apis/{kind.api_version}", kind.plural, namespace, name)


def status(kind: Kind, namespace: str | None, name: str) -> str:
    """Return the path of the status of one resource of ours."""
    return f"{resources(kind, namespace, name)}/status"


def secrets(namespace: str | None, name: str = "") -> str:
    """Return the path of Secrets, in one namespace or in all."""
    return _path(_CORE, "secrets", namespace, name)


def pods(namespace: str) -> str:
    """Return the path of the Pods of a namespace."""
    return _path(_CORE, "pods", namespace)


def events(namespace: str, name: str = "") -> str:
    """Return the path of the Events of a namespace, or of one of them."""
    return _path(_CORE, "events", namespace, name)


def leases(namespace: str, name: str = "") -> str:
    """Return the path of Leases."""
    return _path(_COORDINATION, "leases", namespace, name)


def workloads(kind: str, namespace: str, name: str) -> str:
    """Return the path of a Deployment, StatefulSet or DaemonSet."""
    return _path(_APPS, f"{kind.lower()}s", namespace, name)


def _path(base: str, plural: str, namespace: str | None, name: str = "") -> str:
    scope = f"{base}/namespaces/{namespace}" if namespace else base
    return f"{scope}/{plural}/{name}" if name else f"{scope}/{plural}"
