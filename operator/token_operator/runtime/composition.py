"""The composition root: the parts of the operator, put together once."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import httpx
from kubernetes.aio.client import Configuration

from token_operator.clock import Clock
from token_operator.cluster.api import Api, allow_every_write
from token_operator.cluster.connecting import client_for
from token_operator.domain.connection import ConnectionKey
from token_operator.domain.kinds import SALESFORCE_CONNECTION
from token_operator.reconcile.call_admission import CallAdmission
from token_operator.reconcile.controller import Controller
from token_operator.reconcile.deletion import Deletion
from token_operator.reconcile.intake import Intake
from token_operator.reconcile.logging_in import LoggingIn
from token_operator.reconcile.observing import Observing
from token_operator.reconcile.passes import Passes
from token_operator.reconcile.queue import KeyedQueue
from token_operator.reconcile.records import Records
from token_operator.reconcile.refreshing import Refreshing
from token_operator.reconcile.reporting import Reporting
from token_operator.reconcile.restoring import Restoring
from token_operator.reconcile.sessions import Sessions
from token_operator.reconcile.snapshots import Snapshots
from token_operator.reconcile.sourcing import Sourcing
from token_operator.reconcile.target_requests import TargetRequests
from token_operator.reconcile.target_writes import TargetWrites
from token_operator.reconcile.waking import Waking
from token_operator.reconcile.workload_restarts import WorkloadRestarter
from token_operator.runtime.clock_watch import ClockWatch
from token_operator.salesforce.hosts import AllowedHosts
from token_operator.salesforce.minting import Minting
from token_operator.salesforce.transport import Transport
from token_operator.settings import Settings
from token_operator.telemetry.metrics import Metrics
from token_operator.telemetry.scrape import ScrapeSources


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The parts that live as long as the process."""

    clock: Clock
    api: Api
    http: httpx.AsyncClient
    records: Records
    queue: KeyedQueue[ConnectionKey]
    admission: CallAdmission
    intake: Intake
    passes: Passes
    metrics: Metrics
    controllers: tuple[Controller[Any], ...]
    clock_watch: ClockWatch

    async def close(self) -> None:
        """Close all connections."""
        await self.http.aclose()
        await self.api.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """What the operator stands on: where the cluster is, how Salesforce is reached, the clock."""

    configuration: Configuration
    http: httpx.AsyncClient
    clock: Clock
    metrics: Metrics
    user_agent: str
    # Asked before every write and every login; raises where it must not be made.
    guard: Callable[[], None] = allow_every_write


def compose(settings: Settings, base: Foundation) -> Operator:
    """Return the operator, put together and not yet running."""
    clock, metrics = base.clock, base.metrics
    api = Api(client_for(base.configuration, base.user_agent), guard=base.guard)
    hosts, transport = AllowedHosts(settings.allowed_hosts), Transport(base.http, clock)
    records, queue = Records(), KeyedQueue[ConnectionKey](clock)
    # Who is called has waited already: at the end of the line it would wait once more.
    admission = CallAdmission(requeue=lambda key: queue.add(key, urgent=True))
    retry_recovered = Waking(records, queue, clock)
    intake = Intake(records, queue, admission, clock, hosts)
    sessions = Sessions(
        transport=transport,
        admission=admission,
        clock=clock,
        metrics=metrics,
        retry_recovered=retry_recovered,
        guard=base.guard,
    )
    refreshing = Refreshing(api, records, transport, hosts, clock, metrics)
    logging_in = LoggingIn(
        minting=Minting(transport, hosts, clock),
        refreshing=refreshing,
        admission=admission,
        clock=clock,
        metrics=metrics,
        retry_recovered=retry_recovered,
        guard=base.guard,
    )
    restoring = Restoring(api, records, hosts, clock)
    sourcing = Sourcing(api, records, clock)
    target_writes = TargetWrites(TargetRequests(api), records, clock, metrics)
    passes = Passes(
        records=records,
        queue=queue,
        clock=clock,
        metrics=metrics,
        sourcing=sourcing,
        observing=Observing(records, clock, sourcing, target_writes),
        restoring=restoring,
        logging_in=logging_in,
        sessions=sessions,
        target_writes=target_writes,
        reporting=Reporting(api, clock, metrics, transport),
        deletion=Deletion(api, records, restoring, sessions, queue, clock, metrics),
        restarter=WorkloadRestarter(api, records, metrics, is_enabled=settings.restart_workloads),
        forget_and_clean_up=intake.forget_and_clean_up,
    )
    connections = Controller(
        kind=SALESFORCE_CONNECTION,
        queue=queue,
        reconcile=passes.run,
        seen=intake.connection_seen,
        gone=intake.connection_gone,
        uids=records.uids,
        forget_and_clean_up=intake.forget_and_clean_up,
        requeue_all=intake.requeue_all,
        snapshots=Snapshots(records, clock),
    )
    controllers = (connections,)
    metrics.read_from(
        ScrapeSources(
            snapshots=lambda: chain.from_iterable(one.snapshots() for one in controllers),
            queue_depth=lambda: sum(one.queue.depth for one in controllers),
            login_budgets=lambda: admission.used_shares(clock.now()),
        )
    )
    return Operator(
        clock=clock,
        api=api,
        http=base.http,
        records=records,
        queue=queue,
        admission=admission,
        intake=intake,
        passes=passes,
        metrics=metrics,
        controllers=controllers,
        clock_watch=ClockWatch(clock, transport.offsets, controllers),
    )
