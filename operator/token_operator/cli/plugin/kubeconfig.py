"""Where the cluster is and which namespace is meant, found as kubectl finds them."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration

from token_operator.cli.plugin.cluster import Cluster
from token_operator.cluster.api import Api
from token_operator.cluster.connecting import (
    NoClusterError,
    choose_proxy,
    client_for,
    configuration,
    has_kubeconfig,
    own_namespace,
)
from token_operator.proxies import Proxies, proxies_of
from token_operator.telemetry.build import version


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the options say of cluster and namespace; None where they say nothing."""

    namespace: str | None = None
    context: str | None = None
    kubeconfig: str | None = None


def user_agent() -> str:
    """Return how the plugin names itself to the API server and to Salesforce."""
    return f"kubectl-salesforce/{version()}"


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[Cluster]:
    """Yield the cluster of *place*.

    Raise NoClusterError where there is none to be found, and ProxyInvalidError.
    """
    client, namespace = await _client_of(place, proxies_of(os.environ))
    client.user_agent = user_agent()
    api = Api(client)
    try:
        yield Cluster(api=api, namespace=place.namespace or namespace)
    finally:
        await api.close()


async def _client_of(place: Place, proxies: Proxies) -> tuple[ApiClient, str]:
    """Return a client, and the namespace to use where none is named."""
    is_named = place.context is not None or place.kubeconfig is not None
    if not is_named and not has_kubeconfig():
        return client_for(await configuration(proxies), user_agent()), own_namespace()
    found = Configuration()
    try:
        # Typed in part only.
        await config.load_kube_config(  # type: ignore[no-untyped-call]
            config_file=place.kubeconfig, context=place.context, client_configuration=found
        )
        contexts, active = config.list_kube_config_contexts(  # type: ignore[no-untyped-call]
            config_file=place.kubeconfig
        )
    except (config.ConfigException, OSError, ValueError) as error:
        raise NoClusterError(f"The kubeconfig cannot be used: {error}") from None
    choose_proxy(found, proxies)
    return client_for(found, user_agent()), _namespace(contexts, active, place.context)


def _namespace(contexts: list[dict[str, Any]], active: dict[str, Any], name: str | None) -> str:
    chosen = next((one for one in contexts if one.get("name") == name), active)
    return (chosen.get("context") or {}).get("namespace") or "default"
