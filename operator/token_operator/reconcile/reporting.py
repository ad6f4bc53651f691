"""Telling users: the status and the Events of one connection."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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
from token_operator.domain import life
from token_operator.domain.certificate import expiry_warning
from token_operator.domain.conditions import (
    CREDENTIALS_VALID,
    ShownFailure,
    Situation,
    conditions_of,
    shown_failure,
)
from token_operator.domain.failures import FailureClass, FailureError
from token_operator.domain.life import HeldToken, whole_second
from token_operator.domain.observation import Observation
from token_operator.domain.outbox import Notice
from token_operator.domain.status import (
    FailureStatus,
    IdentityStatus,
    Status,
    TargetStatus,
    TokenStatus,
    is_worth_writing,
)
from token_operator.domain.verifying import verifier_for
from token_operator.reconcile.record import Record
from token_operator.salesforce.hosts import host_of
from token_operator.salesforce.transport import Transport
from token_operator.telemetry.metrics import Metrics, WriteResult, Written

logger = logging.getLogger(__name__)

# A clock that is further off than this is said.
SKEW_LIMIT: Final = timedelta(seconds=60)
# The subject in the outbox for the failure that the status shows.
FAILURE: Final = "failure"


@dataclass(slots=True)
class Reporting:
    """Writes the status where it tells something new, and posts one Event per change."""

    api: Api
    clock: Clock
    metrics: Metrics
    transport: Transport

    async def report(
        self, record: Record, seen: Observation, target_failure: FailureError | None
    ) -> None:
        """Bring status and Events up to what was seen."""
        situation = self._situation(record, seen, target_failure)
        self._note_failure(record, situation)
        self._note_skew(record)
        note_certificate(record, situation)
        status = status_of(record, situation)
        if is_worth_writing(status, record.status):
            await self._write(record, status)
        await self.post(record)

    def _situation(
        self, record: Record, seen: Observation, target_failure: FailureError | None
    ) -> Situation:
        held = seen.held
        return Situation(
            now=whole_second(seen.now),
            connection=record.connection,
            state=record.state,
            identity=seen.identity,
            refusal=record.refusal,
            target_failure=target_failure,
            targets_synced=held is not None
            and target_failure is None
            and not (seen.targets_differ or some_target_waits(record)),
            cannot_verify=held is not None and verifier_for(seen, held) is None,
            certificate_warning=certificate_warning(record, seen.now),
            previous=record.status.conditions,
        )

    def _note_failure(self, record: Record, situation: Situation) -> None:
        """Tell of a failure when its class or reason changes, never for a retry."""
        failure = shown_failure(situation)
        problem = situation.target_failure
        if failure is None:
            record.outbox.remember(FAILURE, "")
        else:
            mark = failure_mark(failure.failure_class, failure.reason)
            record.outbox.announce_once(FAILURE, failure.reason, failure.message, mark=mark)
        if problem is not None and failure is not None and problem.reason != failure.reason:
            logger.debug("A target is refused: %s", problem.reason)

    def _note_skew(self, record: Record) -> None:
        offset = self.transport.offsets.of(host_of(record.connection.org.login_url))
        message = ""
        if abs(offset) > SKEW_LIMIT:
            seconds = round(abs(offset).total_seconds())
            way = "behind" if offset > timedelta() else "ahead of"
            message = (
                f"The operator's clock is {seconds} s {way} Salesforce's; assertions are "
                "corrected. Synchronize the clocks of the cluster's nodes (NTP)."
            )
        record.outbox.announce_once("clock", "ClockSkew", message, mark="off")

    async def _write(self, record: Record, status: Status) -> None:
        try:
            await write_status(self.api, record.connection, status, record.status)
        except ConflictError:  # the pass is run again; the watch tells if it is another one by now
            self.metrics.write(resource=Written.STATUS, result=WriteResult.CONFLICT)
            raise
        except NotFoundError:  # it is gone, and the watch may have missed it
            record.is_gone = True
            return
        self.metrics.write(resource=Written.STATUS, result=WriteResult.SUCCESS)
        record.status = status

    async def post(self, record: Record) -> None:
        """Post what was noted for Events; one that cannot be posted is only logged."""
        for notice in record.outbox.take():
            level = logging.WARNING if notice.is_warning else logging.INFO
            extra = {"connection": record.key, "reason": notice.reason}
            logger.log(level, notice.message, extra=extra)
            await self._post_one(record, notice)

    async def _post_one(self, record: Record, notice: Notice) -> None:
        try:
            await post_event(self.api, record.connection, notice, self.clock.now())
        except (ApiError, ApiUnavailableError) as error:
            self.metrics.write(resource=Written.EVENT, result=WriteResult.FAILURE)
            logger.warning("An Event (%s) could not be posted: %s", notice.reason, error)
        else:
            self.metrics.write(resource=Written.EVENT, result=WriteResult.SUCCESS)


def failure_mark(failure_class: FailureClass, reason: str) -> str:
    """Return what stands for a failure that was announced: another class is another failure."""
    return f"{failure_class} {reason}"


def certificate_warning(record: Record, now: datetime) -> str:
    """Return what is to be said of the certificate of the key in use; usually nothing."""
    return expiry_warning(record.auth.certificate_not_after if record.auth else None, now)


def note_certificate(record: Record, situation: Situation) -> None:
    """Tell when a certificate comes nearer to its end; the condition remembers what was told."""
    warning = situation.certificate_warning
    before = record.status.condition(CREDENTIALS_VALID)
    was_told = before is not None and warning in before.message
    if was_told:
        record.outbox.remember("certificate", warning)
    name = record.auth.key_secret_name if record.auth else ""
    message = f"{warning} Secret: {name}." if warning else ""
    record.outbox.announce_once("certificate", "CertificateExpiring", message, mark=warning)


def some_target_waits(record: Record) -> bool:
    """Whether a target could not be written and is tried again later."""
    targets = record.connection.targets
    return any(record.target(target.secret_name).look_again_at for target in targets)


def status_of(record: Record, situation: Situation) -> Status:
    """Return the status as it should be now."""
    held = situation.held
    before = record.status
    return Status(
        observed_generation=record.connection.generation,
        conditions=conditions_of(situation),
        token=_token_status(held, record) if held is not None else before.token,
        identity=_identity_status(held, record) if held is not None else before.identity,
        auth=record.auth,
        failure=_failure_status(record, situation),
        targets=_target_statuses(record),
        last_handled_renew_request=record.state.handled_renew_request,
    )


def _token_status(held: HeldToken, record: Record) -> TokenStatus:
    connection = record.connection
    return TokenStatus(
        issued_at=whole_second(held.issued_at),
        expires_at=whole_second(life.expires_at(held, connection.token)),
        expiry_source=life.expiry_source(held),
        renewal_time=life.renewal_time(held, connection.token, connection.uid),
        verified_at=None if held.verified_at is None else whole_second(held.verified_at),
        fingerprint=held.token.fingerprint,
        identity=held.identity,
        scopes=held.token.scopes,
    )


def _identity_status(held: HeldToken, record: Record) -> IdentityStatus:
    token = held.token
    return IdentityStatus(
        instance_url=token.instance_url,
        org_id=token.org_id,
        user_id=token.user_id,
        username=token.username,
        identity_url=token.identity_url,
        community_url=token.community_url,
        api_instance_url=token.api_instance_url,
        token_type=token.token_type,
        api_version=record.state.api_version,
    )


def _failure_status(record: Record, situation: Situation) -> FailureStatus | None:
    failure = shown_failure(situation)
    if failure is None:
        return None
    held, settings = situation.held, record.connection.token
    told = _failure_instants(failure, record, situation.now)
    if held is None or held.verified_at is None or not situation.is_alive():
        return told
    return replace(told, token_safe_until=whole_second(life.safe_until(held, settings)))


def _failure_instants(failure: ShownFailure, record: Record, now: datetime) -> FailureStatus:
    told = failure.record
    if told is None:  # of the spec or of a target: no attempts are counted
        before = record.status.failure
        is_same = before is not None and before.reason == failure.reason
        since = before.since if before is not None and is_same else now
        return FailureStatus(
            failure_class=failure.failure_class,
            reason=failure.reason,
            count=1,
            since=since,
            next_attempt_time=since,
        )
    return FailureStatus(
        failure_class=told.failure_class,
        reason=told.reason,
        count=told.count,
        since=whole_second(told.since),
        next_attempt_time=whole_second(told.next_attempt),
    )


def _target_statuses(record: Record) -> tuple[TargetStatus, ...]:
    return tuple(
        TargetStatus(
            secret_name=name,
            fingerprint=one.fingerprint,
            written_at=whole_second(one.written_at),
            entries=one.entries,
            deletion_policy=one.merged,
        )
        for name, one in sorted(record.targets.items())
        if one.written_at is not None
    )
