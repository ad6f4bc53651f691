"""The status that a connection should show: worked out from what was seen and is remembered."""

from dataclasses import replace
from datetime import datetime

from token_operator.domain import life
from token_operator.domain.certificate import expiry_warning
from token_operator.domain.conditions import (
    ShownFailure,
    Situation,
    conditions_of,
    shown_failure,
)
from token_operator.domain.connection import Connection
from token_operator.domain.failures import FailureError
from token_operator.domain.life import HeldToken, whole_second
from token_operator.domain.observation import Observation
from token_operator.domain.status import FailureStatus, Status, TargetStatus, TokenStatus
from token_operator.domain.targets.known_targets import KnownTargets
from token_operator.domain.verifying import verifier_for


def situation_of(
    seen: Observation, targets: KnownTargets, before: Status, target_failure: FailureError | None
) -> Situation:
    """Return what the conditions are judged by; *before* is the status as it was written last."""
    held, auth = seen.held, seen.state.auth
    is_synced = not (seen.targets_need_work or targets.is_any_put_off(seen.connection))
    return Situation(
        now=whole_second(seen.now),
        connection=seen.connection,
        state=seen.state,
        identity_hash=seen.identity_hash,
        spec_problem=seen.spec_problem,
        target_failure=target_failure,
        targets_synced=held is not None and target_failure is None and is_synced,
        cannot_verify=held is not None and verifier_for(seen, held) is None,
        certificate_warning=expiry_warning(
            auth.certificate_not_after if auth else None, seen.timeline.shown(seen.now)
        ),
        previous=before.conditions,
    )


def status_of(situation: Situation, targets: KnownTargets, before: Status) -> Status:
    """Return the status as it should be now; without a token, that of *before* is still shown."""
    held, state, connection = situation.held, situation.state, situation.connection
    return Status(
        observed_generation=connection.generation,
        conditions=conditions_of(situation),
        token=before.token if held is None else _token_status(held, connection),
        identity=before.identity if held is None else held.token.identity,
        api_version=before.api_version if held is None else state.api_version,
        auth=state.auth,
        failure=_failure_status(situation, before),
        targets=_target_statuses(targets),
        last_handled_renew_request=state.handled_renew_request,
        used_refresh_tokens=state.used_refresh_tokens,
    )


def _token_status(held: HeldToken, connection: Connection) -> TokenStatus:
    return TokenStatus(
        issued_at=whole_second(held.issued_at),
        expires_at=whole_second(life.expires_at(held, connection.token)),
        expiry_source=life.expiry_source(held),
        renewal_time=life.renewal_time(held, connection.token, connection.uid),
        verified_at=None if held.verified_at is None else whole_second(held.verified_at),
        fingerprint=held.token.fingerprint,
        identity_hash=held.identity_hash,
        scopes=held.token.scopes,
    )


def _failure_status(situation: Situation, before: Status) -> FailureStatus | None:
    failure = shown_failure(situation)
    if failure is None:
        return None
    held, settings = situation.held, situation.connection.token
    shown = _failure_instants(failure, before.failure, situation.now)
    if held is None or held.verified_at is None or not situation.is_alive():
        return shown
    return replace(shown, token_safe_until=whole_second(life.safe_until(held, settings)))


def _failure_instants(
    failure: ShownFailure, before: FailureStatus | None, now: datetime
) -> FailureStatus:
    record = failure.record
    if record is None:  # of the spec or of a target: no attempts are counted
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
        failure_class=record.failure_class,
        reason=record.reason,
        count=record.count,
        since=whole_second(record.since),
        next_attempt_time=whole_second(record.next_attempt),
    )


def _target_statuses(targets: KnownTargets) -> tuple[TargetStatus, ...]:
    return tuple(
        TargetStatus(
            secret_name=name,
            fingerprint=one.fingerprint,
            written_at=whole_second(one.written_at),
            entries=one.entries,
            deletion_policy=one.merged_deletion_policy,
        )
        for name, one in targets.items()
        if one.written_at is not None
    )
