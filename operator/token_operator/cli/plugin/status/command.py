"""``kubectl salesforce status``: how connections are, in a table or a report."""

import asyncio
import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import click

from token_operator.cli.plugin.cluster import Cluster, Raw
from token_operator.cli.plugin.kubeconfig import Place, opened
from token_operator.cli.plugin.options import (
    cluster_options,
    connection_argument,
    output_option,
)
from token_operator.cli.plugin.status.consumers import Consumer, consumers_of, lines_of
from token_operator.cli.plugin.status.report import is_ready, report, row, table_of
from token_operator.clock import SystemClock
from token_operator.cluster.api import ForbiddenError
from token_operator.cluster.resources import connection_from

_POLL: Final = timedelta(seconds=2)
_EVENTS: Final = 5


@click.command(short_help="Show the state of connections.")
@connection_argument(required=False)
@click.option("-A", "--all-namespaces", is_flag=True, help="Show connections in all namespaces.")
@output_option
@click.option("--watch", is_flag=True, help="Keep running and show every change until interrupted.")
@cluster_options
def status(
    *, name: str | None, all_namespaces: bool, output: str, watch: bool, place: Place
) -> int:
    """Show all connections in a table, or connection NAME in detail.

    The exit code is 1 unless every connection shown is Ready.
    """
    if name and all_namespaces:
        raise click.UsageError("NAME and --all-namespaces cannot be combined.")
    view = _View(name=name, everywhere=all_namespaces, is_json=output == "json")
    if watch:
        return asyncio.run(_watch(place, view))
    return asyncio.run(_once(place, view))


class _View:
    """What is asked for: which connections, in which form."""

    def __init__(self, *, name: str | None, everywhere: bool, is_json: bool) -> None:
        self.name = name
        self.everywhere = everywhere
        self.is_json = is_json

    async def look(self, cluster: Cluster) -> list[Raw]:
        """Return the connections as they are now."""
        if self.name is not None:
            return [await cluster.connection(self.name)]
        return await cluster.connections(everywhere=self.everywhere)


async def _once(place: Place, view: _View) -> int:
    async with opened(place) as cluster:
        found = await view.look(cluster)
        click.echo(await _text(cluster, view, found))
    return 0 if found and all(map(is_ready, found)) else 1


async def _text(cluster: Cluster, view: _View, found: list[Raw]) -> str:
    if view.name is not None:
        return await _one(cluster, view, found[0])
    if view.is_json:
        return json.dumps(_documents(found), indent=2)
    if not found:
        where = "" if view.everywhere else f" in namespace {cluster.namespace}"
        return f"There are no SalesforceConnections{where}."
    return table_of(found, SystemClock().now())


async def _one(cluster: Cluster, view: _View, raw: Raw) -> str:
    """Return the report on one connection."""
    consumers = await _consumers(cluster, raw)
    if view.is_json:
        (document,) = _documents([raw])
        shown = {} if consumers is None else {"consumers": [one.document() for one in consumers]}
        return json.dumps({**document, **shown}, indent=2)
    events = await _last_events(cluster, raw["metadata"]["name"])
    lines = lines_of(consumers or ())
    return "\n".join([report(raw, events, SystemClock().now()), *lines])


def _documents(found: Iterable[Raw]) -> list[dict[str, object]]:
    return [
        {
            "namespace": raw["metadata"]["namespace"],
            "name": raw["metadata"]["name"],
            "ready": is_ready(raw),
            "status": raw.get("status") or {},
        }
        for raw in found
    ]


async def _last_events(cluster: Cluster, name: str) -> list[Raw]:
    try:
        return (await cluster.events(name))[-_EVENTS:]
    except ForbiddenError:
        return []


async def _consumers(cluster: Cluster, raw: Raw) -> list[Consumer] | None:
    """Return which pods read the targets; None where you may not see pods."""
    try:
        return consumers_of(connection_from(raw), await cluster.pods())
    except ForbiddenError:
        return None


async def _watch(place: Place, view: _View) -> int:
    """Show what changed, again and again; Ctrl-C ends it."""
    shown: dict[tuple[str, str], object] = {}
    is_first = True
    async with opened(place) as cluster:
        while True:
            found = await view.look(cluster)
            changed = [raw for raw in found if shown.get(_key(raw)) != _essence(raw)]
            shown = {_key(raw): _essence(raw) for raw in found}
            if changed:
                click.echo(_lines(view, changed, is_first=is_first))
                is_first = False
            await asyncio.sleep(_POLL.total_seconds())


def _lines(view: _View, changed: list[Raw], *, is_first: bool) -> str:
    if view.is_json:
        return "\n".join(json.dumps(one) for one in _documents(changed))
    text = table_of(changed, SystemClock().now())
    return text if is_first else text.partition("\n")[2]


def _key(raw: Raw) -> tuple[str, str]:
    return raw["metadata"]["namespace"], raw["metadata"]["name"]


def _essence(raw: Raw) -> object:
    return row(raw, None), (raw.get("status") or {}).get("token")
