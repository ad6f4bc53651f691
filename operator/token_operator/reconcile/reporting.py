"""Reporting to users: the status and the Events of one connection."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from token_operator.clock import Clock
from token_operator.cluster.api import (
    Api,
    ApiError,
    ApiUnavailableError,
    ConflictError,
    NotFoundError,
)
from token_operator.cluster.connections import write_status
from token_operator.cluster.events import post_event
from token_operator.domain.conditions import CREDENTIALS_VALID, Situation, shown_failure
from token_operator.domain.connection import Connection
from token_operator.domain.failures import FailureClass, FailureError, TargetContestedError
from token_operator.domain.observation import Observation
from token_operator.domain.outbox import Notice, Outbox
from token_operator.domain.status import Status
from token_operator.domain.status_from_state import situation_of, status_of
from token_operator.domain.timeline import Timeline
from token_operator.reconcile.record import Record
from token_operator.salesforce.hosts import host_of
from token_operator.salesforce.transport import Transport
from token_operator.telemetry.metrics import Metrics, WriteResult, Written

logger = logging.getLogger(__name__)

# A larger difference between the clocks is announced.
SKEW_LIMIT: Final = timedelta(seconds=60)
# The subject in the outbox for the failure that the status shows.
FAILURE: Final = "failure"


@dataclass(slots=True)
class Reporting:
    """Writes the status when it has news, and posts one Event per change."""

    api: Api
    clock: Clock
    metrics: Metrics
    transport: Transport

    async def report(
        self, record: Record, seen: Observation, target_failure: FailureError | None
    ) -> None:
        """Bring status and Events up to what was seen."""
        before, outbox = record.status, record.outbox
        situation = situation_of(seen, record.targets, before, target_failure)
        offset = self.transport.offsets.of(host_of(seen.connection.org.login_url))
        skew = offset - self.clock.wall_distance()
        announce_failure(outbox, situation)
        announce_clock_skew(outbox, skew)
        announce_certificate(outbox, situation, before)
        status = status_of(situation, record.targets, before)
        if record.reported.is_worth_writing(status, seen.timeline):
            await self._write(record, status, seen.timeline)
        await self.post(record)

    async def _write(self, record: Record, status: Status, timeline: Timeline) -> None:
        patch = record.reported.begin_write(status, timeline)
        try:
            answer = await write_status(self.api, record.connection, patch) if patch else {}
        except ConflictError:  # the pass is run again; the watch shows if it is another one by now
            self.metrics.write(resource=Written.STATUS, result=WriteResult.CONFLICT)
            raise
        except NotFoundError:  # it is gone, and the watch may have missed it
            record.is_gone = True
            return
        if patch:
            self.metrics.write(resource=Written.STATUS, result=WriteResult.SUCCESS)
        record.reported.end_write(status, answer, timeline)

    async def post(self, record: Record) -> None:
        """Post what waits in the outbox; an Event that cannot be posted is only logged."""
        for notice in record.outbox.take():
            level = logging.WARNING if notice.is_warning else logging.INFO
            extra = {"connection": record.key, "reason": notice.reason}
            logger.log(level, notice.message, extra=extra)
            await self._post_one(record.connection, notice)

    async def _post_one(self, connection: Connection, notice: Notice) -> None:
        try:
            await post_event(self.api, connection, notice, self.clock.wall())
        except (ApiError, ApiUnavailableError) as error:
            self.metrics.write(resource=Written.EVENT, result=WriteResult.FAILURE)
            logger.warning("An Event (%s) could not be posted: %s", notice.reason, error)
        else:
            self.metrics.write(resource=Written.EVENT, result=WriteResult.SUCCESS)


def failure_mark(failure_class: FailureClass, reason: str) -> str:
    """Return what stands for a failure that was announced: another class is another failure."""
    return f"{failure_class} {reason}"


def announce_failure(outbox: Outbox, situation: Situation) -> None:
    """Announce a failure when its class or reason changes, never for a retry."""
    failure = shown_failure(situation)
    problem = situation.target_failure
    if failure is None:
        outbox.remember(FAILURE, "")
        return
    mark = failure_mark(failure.failure_class, failure.reason)
    if failure.kind is TargetContestedError:  # its Event counts the repairs: see announcements.py
        outbox.remember(FAILURE, mark)
        return
    outbox.announce_once(FAILURE, failure.reason, failure.message, mark=mark)
    if problem is not None and problem.reason != failure.reason:
        logger.debug("A target is refused: %s", problem.reason)


def announce_clock_skew(outbox: Outbox, skew: timedelta) -> None:
    """Announce it once when the operator's clock and the org's differ; *skew* is org - wall."""
    message = ""
    if abs(skew) > SKEW_LIMIT:
        seconds = round(abs(skew).total_seconds())
        way = "behind" if skew > timedelta() else "ahead of"
        message = (
            f"The operator's clock is {seconds} s {way} Salesforce's; assertions are "
            "corrected. Synchronize the clocks of the cluster's nodes (NTP)."
        )
    outbox.announce_once("clock", "ClockSkew", message, mark="off")


def announce_certificate(outbox: Outbox, situation: Situation, before: Status) -> None:
    """Announce when a certificate comes nearer to its end, unless the status shows it already."""
    warning, auth = situation.certificate_warning, situation.state.auth
    shown = before.condition(CREDENTIALS_VALID)
    if shown is not None and warning in shown.message:
        outbox.remember("certificate", warning)
    name = auth.key_secret_name if auth else ""
    message = f"{warning} Secret: {name}." if warning else ""
    outbox.announce_once("certificate", "CertificateExpiring", message, mark=warning)
