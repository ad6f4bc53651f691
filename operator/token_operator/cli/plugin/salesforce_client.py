"""The client by which commands reach Salesforce."""

import os

import httpx

from token_operator.cli.plugin.kubeconfig import user_agent
from token_operator.cli.plugin.options import Reach
from token_operator.proxies import proxies_of
from token_operator.salesforce.transport import make_http_client


def salesforce_client(reach: Reach) -> httpx.AsyncClient:
    """Return a client; raise ProxyInvalidError for a proxy variable that cannot be used."""
    return make_http_client(reach.ca_file, user_agent(), proxies_of(os.environ))
