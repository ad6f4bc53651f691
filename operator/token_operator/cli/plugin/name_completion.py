"""What a shell may suggest for a word that is being typed; silence where nothing is known."""

import asyncio
import contextlib
from datetime import timedelta
from typing import Final

import click
from click.shell_completion import CompletionItem

from token_operator.cli.plugin.errors import NotGoodError
from token_operator.cli.plugin.kubeconfig import Place, opened
from token_operator.cluster.api import ApiError, ApiUnavailableError
from token_operator.cluster.connecting import NoClusterError
from token_operator.proxies import ProxyInvalidError

# Whoever typed TAB waits no longer.
PATIENCE: Final = timedelta(seconds=3)
_EXPECTED: Final = (
    NoClusterError,
    ProxyInvalidError,
    NotGoodError,
    ApiError,
    ApiUnavailableError,
    TimeoutError,
)


def names_of_connections(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the names of the namespace's connections that begin with *incomplete*."""
    place = Place(
        namespace=context.params.get("namespace"),
        context=context.params.get("context"),
        kubeconfig=context.params.get("kubeconfig"),
    )
    with contextlib.suppress(*_EXPECTED):
        found = asyncio.run(_names(place))
        return [CompletionItem(name) for name in found if name.startswith(incomplete)]
    return []


async def _names(place: Place) -> list[str]:
    async with asyncio.timeout(PATIENCE.total_seconds()), opened(place) as cluster:
        return [raw["metadata"]["name"] for raw in await cluster.connections()]
