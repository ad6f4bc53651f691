"""Where the cluster is and who we are there, found as kubectl finds it."""

import os
from pathlib import Path

from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration

from token_operator.proxies import Proxies, ProxyInvalidError, proxy_url

# Enough for every worker and the events; further requests wait their turn.
MAX_CONNECTIONS = 64
_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class NoClusterError(Exception):
    """No usable kubeconfig and not inside a cluster."""


def has_kubeconfig() -> bool:
    """Return whether kubectl would find a kubeconfig here."""
    return bool(os.environ.get("KUBECONFIG")) or Path("~/.kube/config").expanduser().exists()


async def configuration(proxies: Proxies) -> Configuration:
    """Return how to reach the cluster: KUBECONFIG, the default kubeconfig, or the pod's account.

    Raise NoClusterError where there is none of them or it cannot be read.
    """
    found = Configuration()
    found.connection_pool_maxsize = MAX_CONNECTIONS
    try:
        if has_kubeconfig():
            # The library's own default is that of the moment at which it was imported.
            place = os.environ.get("KUBECONFIG") or "~/.kube/config"
            await config.load_kube_config(place, client_configuration=found)
        else:
            config.load_incluster_config(client_configuration=found)
    except (config.ConfigException, OSError, ValueError) as error:
        raise NoClusterError(
            f"No cluster to work for ({error}). Set KUBECONFIG, or run inside a cluster."
        ) from None
    except Exception as error:  # noqa: BLE001 - the loader meets garbage with errors of all kinds
        raise NoClusterError(
            f"The kubeconfig is not one ({type(error).__name__}). Check the file of KUBECONFIG."
        ) from None
    choose_proxy(found, proxies)
    return found


def choose_proxy(found: Configuration, proxies: Proxies) -> None:
    """Set the proxy of an API server: that of the kubeconfig, else that of the environment.

    Raise NoClusterError for one that cannot be used.
    """
    try:
        if not found.proxy:
            found.proxy = proxies.route_to(found.host)
            return
        found.proxy = proxy_url(str(found.proxy), "proxy-url in the kubeconfig")
    except ProxyInvalidError as error:
        raise NoClusterError(str(error)) from None


def own_namespace() -> str:
    """Return the namespace of the pod; ``default`` outside a cluster."""
    try:
        return _NAMESPACE_FILE.read_text().strip() or "default"
    except OSError:
        return "default"


def client_for(found: Configuration, user_agent: str) -> ApiClient:
    """Return a client of the cluster that names itself *user_agent*."""
    # No variable and no .netrc decides where a request goes: see choose_proxy.
    found.client_session_kwargs = {"trust_env": False}
    client = ApiClient(found)
    client.user_agent = user_agent
    return client
