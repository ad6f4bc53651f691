"""``kubectl salesforce check``: every step to a working token, without writing anything."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import click

from token_operator.cli.plugin.check import cluster_steps, salesforce_steps
from token_operator.cli.plugin.check.examination import (
    Checkup,
    Examination,
    Mark,
    Step,
    StepResult,
    failed,
)
from token_operator.cli.plugin.check.manifest import connection_in
from token_operator.cli.plugin.cluster import Cluster, Raw
from token_operator.cli.plugin.files import content_of
from token_operator.cli.plugin.kubeconfig import Place, opened
from token_operator.cli.plugin.options import (
    Reach,
    cluster_options,
    connection_argument,
    output_option,
    salesforce_options,
)
from token_operator.cli.plugin.output import indented
from token_operator.cli.plugin.salesforce_client import salesforce_client
from token_operator.clock import SystemClock
from token_operator.cluster.api import ApiError, ConflictError, ForbiddenError
from token_operator.cluster.resources import connection_from
from token_operator.cluster.statuses import status_from
from token_operator.domain.conditions import READY
from token_operator.domain.connection import Connection
from token_operator.domain.failures import SpecInvalidError
from token_operator.salesforce.hosts import AllowedHosts
from token_operator.salesforce.transport import Transport

_SIGNS: Final = {Mark.GOOD: "✓", Mark.WARNING: "!", Mark.BAD: "✗", Mark.NOT_DONE: "-"}
SPEC: Final = "spec"

# What needs what: where the login fails, everything that needs it is skipped.
STEPS: Final = (
    Step(name=SPEC, work=cluster_steps.spec_is_served),
    Step(name="login host", work=cluster_steps.login_host_is_allowed),
    Step(name="sources", work=cluster_steps.sources_are_there),
    Step(name="key", work=cluster_steps.keys_are_usable, needs=("sources",)),
    Step(name="clock", work=salesforce_steps.clock_agrees, needs=("login host",)),
    Step(name="login", work=salesforce_steps.login_works, needs=("login host", "key", "clock")),
    Step(name="org", work=salesforce_steps.org_is_expected, needs=("login",)),
    Step(name="API version", work=salesforce_steps.api_version_is_there, needs=("login",)),
    Step(name="verification", work=salesforce_steps.token_works, needs=("API version",)),
    Step(name="target", work=cluster_steps.targets_are_free),
)


@click.command(short_help="Try every step to a token and report problems.")
@connection_argument(required=False)
@click.option(
    "-f",
    "--filename",
    metavar="FILE",
    help="Check the connection in FILE ('-' for standard input).",
)
@output_option
@cluster_options
@salesforce_options
def check(
    *, name: str | None, filename: str | None, output: str, place: Place, reach: Reach
) -> int:
    """Try every step from the spec of connection NAME (or in FILE) to a working token.

    It reads the Secrets as you, logs in from this machine and writes nothing. Every failure
    comes with its reason and a remedy. The exit code is 1 if something failed.
    """
    if (name is None) == (filename is None):
        raise click.UsageError("Give either NAME or -f FILE.")
    document = None if filename is None else connection_in(content_of(filename))
    return asyncio.run(_check(place, reach, _Subject(name, document), is_json=output == "json"))


class _Subject:
    """What is checked: a connection in the cluster, or one that may be applied."""

    def __init__(self, name: str | None, document: Raw | None) -> None:
        self.document = document
        self.name = name if name is not None else _name_in(document or {})

    async def admitted(self, cluster: Cluster) -> Raw:
        """Return the resource as the API server has it; raise SpecInvalidError if refused."""
        if self.document is None:
            return await cluster.connection(self.name)
        try:
            return await self._judged(cluster, self.document)
        except ApiError as error:
            raise SpecInvalidError(
                error.message or str(error), remedy="Correct it in the file."
            ) from None

    async def _judged(self, cluster: Cluster, document: Raw) -> Raw:
        try:
            return await cluster.create_connection(document, dry_run=True)
        except ConflictError:
            present = await cluster.connection(self.name)
        version = present["metadata"]["resourceVersion"]
        metadata = {**document["metadata"], "resourceVersion": version}
        changed = {**document, "metadata": metadata}
        return await cluster.replace_connection(self.name, changed, dry_run=True)


def _name_in(document: Raw) -> str:
    return str((document.get("metadata") or {}).get("name", ""))


async def _check(place: Place, reach: Reach, subject: _Subject, *, is_json: bool) -> int:
    examination = Examination(_silent if is_json else _print)
    async with opened(_in_its_namespace(place, subject)) as cluster:
        shown = f"{cluster.namespace}/{subject.name}"
        if not is_json:
            click.echo(f"Checking {shown}:")
        await _examine(cluster, reach, subject, examination)
    if is_json:
        steps = [result.document() for result in examination.results]
        document = {"connection": shown, "good": examination.is_good, "steps": steps}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        click.echo(_verdict(examination))
    return 0 if examination.is_good else 1


def _in_its_namespace(place: Place, subject: _Subject) -> Place:
    """Return *place* with the namespace that the file names; as kubectl, refuse a contradiction."""
    named = ((subject.document or {}).get("metadata") or {}).get("namespace")
    if not isinstance(named, str) or place.namespace == named:
        return place
    if place.namespace is not None:
        raise click.UsageError(f"The file names namespace {named}, but -n names {place.namespace}.")
    return Place(namespace=named, context=place.context, kubeconfig=place.kubeconfig)


async def _examine(
    cluster: Cluster, reach: Reach, subject: _Subject, examination: Examination
) -> None:
    try:
        raw = await subject.admitted(cluster)
    except SpecInvalidError as failure:
        examination.note(SPEC, [failed(failure)])
        return
    others = await _others(cluster, subject.name)
    async with _checkup(cluster, reach, raw) as checkup:
        checkup.others = others
        await examination.run(STEPS, checkup)


async def _others(cluster: Cluster, name: str) -> tuple[Connection, ...]:
    """Return the other connections of the namespace: a source of theirs is no target.

    Those that cannot be read, of a later version perhaps, are passed over.
    """
    try:
        found = await cluster.connections()
    except ForbiddenError:  # who may see one connection need not see all
        return ()
    others = []
    for raw in found:
        with suppress(KeyError, ValueError, TypeError):
            others.append(connection_from(raw))
    return tuple(one for one in others if one.key.name != name)


@asynccontextmanager
async def _checkup(cluster: Cluster, reach: Reach, raw: Raw) -> AsyncIterator[Checkup]:
    status, clock = status_from(raw), SystemClock()
    ready = status.condition(READY)
    async with salesforce_client(reach) as http:
        yield Checkup(
            connection=connection_from(raw),
            secrets=cluster,
            transport=Transport(http, clock),
            hosts=AllowedHosts(reach.allowed_hosts),
            clock=clock,
            last_audience=status.auth.audience if status.auth else "",
            last_key=status.auth.key_fingerprint if status.auth else "",
            reported_by_operator=f"{ready.reason}: {ready.message}".rstrip(".") if ready else "",
        )


def _silent(_result: StepResult) -> None:
    """Say nothing: the document comes at the end."""


def _print(result: StepResult) -> None:
    finding = result.finding
    reason = f"{finding.reason}: " if finding.reason else ""
    sign = _SIGNS[finding.mark]
    click.echo(indented(f"{sign} {result.step}: {reason}{finding.message}", "  "))
    if finding.remedy:
        click.echo(indented(f"-> {finding.remedy}", "      "))


def _verdict(examination: Examination) -> str:
    bad = [result for result in examination.results if result.finding.mark is Mark.BAD]
    left = sum(result.finding.mark is Mark.NOT_DONE for result in examination.results)
    if not bad:
        return f"No problems found; {_steps(left)} skipped." if left else "All is good."
    rest = f" {_steps(left)} skipped." if left else ""
    return f"Failed: {', '.join(dict.fromkeys(result.step for result in bad))}.{rest}"


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"
