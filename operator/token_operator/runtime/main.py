"""The process: from the settings to an exit code."""

import asyncio
import gc
import socket
import sys
from uuid import uuid4

from token_operator.clock import Clock, SystemClock
from token_operator.cluster.api import (
    Api,
    allow_every_write,
)
from token_operator.cluster.connecting import (
    NoClusterError,
    client_for,
    configuration,
    own_namespace,
)
from token_operator.cluster.leases import LeaseName
from token_operator.runtime.composition import Foundation, compose
from token_operator.runtime.election import Elector
from token_operator.runtime.process import CannotStartError, Process
from token_operator.salesforce.transport import make_http_client
from token_operator.settings import LogFormat, Settings
from token_operator.telemetry.build import version
from token_operator.telemetry.logs import configure_logging
from token_operator.telemetry.metrics import Metrics


def main(settings: Settings) -> int:
    """Run the operator until a signal stops it; return the exit code."""
    configure_logging(as_json=settings.log_format is LogFormat.JSON, level=settings.log_level)
    # A pass makes many short-lived objects; collecting less often saves a quarter of the CPU.
    gc.set_threshold(50_000, 20, 100)
    try:
        return asyncio.run(run(settings))
    except (CannotStartError, NoClusterError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


async def run(settings: Settings) -> int:
    """Make the parts, start them, and stop them in order."""
    found = await configuration(settings.proxies)
    user_agent = f"salesforce-token-operator/{version()}"
    clock = SystemClock()
    elector = None
    if settings.leader_election:
        elector = elector_for(settings, Api(client_for(found, user_agent)), clock)
    base = Foundation(
        configuration=found,
        http=make_http_client(settings.ca_file, user_agent, settings.proxies),
        clock=clock,
        metrics=Metrics(version()),
        user_agent=user_agent,
        guard=elector.guard if elector else allow_every_write,
    )
    process = Process(
        settings=settings,
        cluster=found,
        user_agent=user_agent,
        operator=compose(settings, base),
        elector=elector,
    )
    return await process.run()


def elector_for(settings: Settings, api: Api, clock: Clock) -> Elector:
    """Return who takes part in the election for this process."""
    where = LeaseName(
        namespace=settings.lease_namespace or own_namespace(), name=settings.lease_name
    )
    identity = f"{socket.gethostname()}_{uuid4().hex[:12]}"
    return Elector(api=api, where=where, identity=identity, clock=clock)
