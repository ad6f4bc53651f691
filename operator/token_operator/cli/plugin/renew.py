"""``kubectl salesforce renew``: ask for a new access token now."""

import asyncio
import secrets
from datetime import datetime, timedelta
from typing import Final

import click

from token_operator.cli.plugin.cluster import Cluster, Raw
from token_operator.cli.plugin.durations import DurationType
from token_operator.cli.plugin.errors import NotGoodError
from token_operator.cli.plugin.kubeconfig import Place, opened
from token_operator.cli.plugin.options import cluster_options, connection_argument
from token_operator.cli.plugin.remedies import remedy_for
from token_operator.clock import Clock, SystemClock
from token_operator.cluster.resources import RENEW_REQUEST
from token_operator.cluster.statuses import status_from
from token_operator.domain.conditions import STALLED
from token_operator.domain.failures import Origin, kind_of
from token_operator.domain.instants import rfc3339
from token_operator.domain.status import Status

_POLL: Final = timedelta(seconds=0.5)
# The operator acts on a request within two seconds: what it says after this is its answer.
_ANSWERED: Final = timedelta(seconds=5)


@click.command(short_help="Request a new access token now.")
@connection_argument()
@click.option("--wait", is_flag=True, help="Wait until the operator has renewed the token.")
@click.option(
    "--timeout",
    type=DurationType(),
    metavar="DURATION",
    default="1m",
    show_default=True,
    help="How long to wait, such as 30s or 2m.",
)
@cluster_options
def renew(*, name: str, wait: bool, timeout: timedelta, place: Place) -> int:
    """Ask the operator for a new access token of connection NAME now.

    With --wait the exit code is 0 if the renewal worked, and 1 if it failed, cannot begin or
    timed out.
    """
    return asyncio.run(_renew(place, name, wait=timeout if wait else None, clock=SystemClock()))


def a_request(now: datetime) -> str:
    """Return a value for the annotation that no earlier request had."""
    return f"{rfc3339(now)}-{secrets.token_hex(4)}"


async def _renew(place: Place, name: str, *, wait: timedelta | None, clock: Clock) -> int:
    async with opened(place) as cluster:
        request = a_request(clock.now())
        change = {"metadata": {"annotations": {RENEW_REQUEST: request}}}
        raw = await cluster.patch_connection(name, change)
        if wait is None:
            click.echo(f"Requested a renewal of {name}; use --wait to wait for it.")
            return 0
        if raw["spec"].get("suspend"):
            raise NotGoodError(
                f"{name} is suspended: the request is handled once spec.suspend is removed."
            )
        status = await _handled(
            cluster, name, request, until=clock.monotonic() + wait.total_seconds()
        )
    return _told(name, status)


async def _handled(cluster: Cluster, name: str, request: str, *, until: float) -> Status:
    """Return the status that shows *request*; raise NotGoodError where none does in time."""
    clock = SystemClock()
    answered = clock.monotonic() + _ANSWERED.total_seconds()
    while True:
        raw = await cluster.connection(name)
        status = status_from(raw)
        if status.last_handled_renew_request == request:
            return status
        if clock.monotonic() >= answered and cannot_begin(raw):
            return status
        if clock.monotonic() >= until and status.failure is not None:
            return status
        if clock.monotonic() >= until:
            raise NotGoodError(
                f"Timed out: {name} was not renewed. Check that the operator is running and "
                f"watches namespace {cluster.namespace}."
            )
        await asyncio.sleep(_POLL.total_seconds())


def cannot_begin(raw: Raw) -> bool:
    """Whether no login is made until a person mends the spec or a source, as the status says."""
    status = status_from(raw)
    stalled = status.condition(STALLED)
    if stalled is None or stalled.status != "True" or status.failure is None:
        return False
    is_current = stalled.observed_generation == raw["metadata"].get("generation", 0)
    kind = kind_of(status.failure.reason, status.failure.failure_class)
    return is_current and not kind.origin & (Origin.CALL | Origin.TARGET)


def _told(name: str, status: Status) -> int:
    failure = status.failure
    if failure is None:
        token = status.token
        shown = f" {token.fingerprint}, expires at {rfc3339(token.expires_at)}" if token else ""
        click.echo(f"Renewed {name}:{shown or ' done'}.")
        return 0
    message = next((one.message for one in status.conditions if one.reason == failure.reason), "")
    advice = message or remedy_for(failure.reason)
    raise NotGoodError(f"The renewal of {name} failed: {failure.reason}. {advice}".strip())
