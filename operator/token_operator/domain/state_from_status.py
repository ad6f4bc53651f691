"""The state of a connection, as the status shows it when the operator starts."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from token_operator.domain.conditions import BUT, READY
from token_operator.domain.connection import Connection
from token_operator.domain.failures import FailureClass, Origin, kind_of
from token_operator.domain.life import HeldToken, life_of, renewal_share, share_of, whole_second
from token_operator.domain.state import LONG_AGO, FailureRecord, State
from token_operator.domain.status import FailureStatus, Status, TokenStatus
from token_operator.domain.token import FIXED_SOURCES, AccessToken, ExpirySource
from token_operator.domain.verifying import scopes_allow_rest

# Stands for the message of a failure that no condition shows.
_NOT_SHOWN: Final = "The last attempt before the operator restarted failed."


def basis_of(generation: int, versions: tuple[tuple[str, str], ...], renew_request: str) -> str:
    """Return what a login stands on: spec, source versions and renew request, as one text."""
    shown = ",".join(f"{name}={version}" for name, version in sorted(versions))
    return f"{generation}|{shown}|{renew_request}"


def state_from(connection: Connection, status: Status, now: datetime) -> State:
    """Return the state that *status* shows; the token itself is still to be found."""
    auth, failure = status.auth, status.failure
    versions = auth.source_versions if auth is not None else ()
    basis = basis_of(status.observed_generation, versions, status.last_handled_renew_request)
    is_new = status.observed_generation == 0
    changed_at = now if is_new else LONG_AGO
    if failure is not None and failure.failure_class is FailureClass.TRANSIENT:
        changed_at = failure.since
    record = _failure_from(status, basis)
    is_of_a_login = record is not None and not _is_of_a_verification(record, status)
    return State(
        basis="" if is_new else basis,
        changed_at=changed_at,
        login_failure=record if is_of_a_login else None,
        verification_failure=None if is_of_a_login else record,
        handled_renew_request=status.last_handled_renew_request,
        proven_credential_mark=auth.key_fingerprint if auth is not None else "",
        api_version=status.api_version,
        used_refresh_tokens=status.used_refresh_tokens,
        auth=auth,
        has_minted=status.token is not None,
        is_cold=True,
    )


def _failure_from(status: Status, basis: str) -> FailureRecord | None:
    failure = status.failure
    if failure is None:
        return None
    kind = kind_of(failure.reason, failure.failure_class)
    # Without a call to Salesforce: the next pass finds it again, and it asks for no login.
    if not kind.origin & Origin.CALL:
        return None
    return FailureRecord(
        kind=kind,
        failure_class=failure.failure_class,
        message=_message_of(failure.reason, status) or f"{_NOT_SHOWN} {kind.remedy}".strip(),
        count=failure.count,
        since=failure.since,
        next_attempt=failure.next_attempt_time,
        streak=failure.count,
        basis=basis,
    )


def _message_of(reason: str, status: Status) -> str:
    """Return what the conditions say of the failure with *reason*; empty where none does.

    A refused target or a suspension gives its own reason to the conditions that would show it.
    """
    for one in status.conditions:
        if one.reason == reason:
            return one.message
    shown = status.condition(READY)
    return "" if shown is None else shown.message.partition(BUT)[2]


def _is_of_a_verification(failure: FailureRecord, status: Status) -> bool:
    """Whether the failure asks for no login: it may be of a verification, and there is a token."""
    return Origin.VERIFICATION in failure.kind.origin and status.token is not None


def first_due(connection: Connection, status: Status, now: datetime, spread: timedelta) -> datetime:
    """Return when a connection that was seen at the start wants its first pass.

    What is not well is looked at now; the rest is spread over *spread*, each at
    its own fixed place, but not later than its renewal.
    """
    token = status.token
    ready = status.condition(READY)
    is_well = token is not None and ready is not None and ready.status == "True"
    is_current = status.observed_generation == connection.generation
    asks_to_renew = connection.renew_request not in ("", status.last_handled_renew_request)
    if token is None or not is_well or not is_current or asks_to_renew:
        return now
    return max(now, min(token.renewal_time, now + spread * share_of(connection.uid)))


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundToken:
    """A token that was found in a target, with what its annotations say."""

    token: AccessToken
    identity_hash: str
    issued_at: datetime
    shown_expiry: datetime | None


def held_from(found: FoundToken, status: Status, connection: Connection) -> HeldToken:
    """Return the token that a target was found to hold, with its instants; it is to be proven."""
    shown = status.token
    if shown is None or shown.fingerprint != found.token.fingerprint:
        return _held_without_status(found, connection)
    is_fixed = shown.expiry_source in FIXED_SOURCES
    is_learned = shown.expiry_source is ExpirySource.INTROSPECTION
    proof_at = shown.verified_at or shown.issued_at
    held = HeldToken(
        token=replace(
            found.token,
            fixed_expiry=shown.expires_at if is_fixed else None,
            expiry_source=shown.expiry_source if is_fixed else ExpirySource.CONFIGURED,
        ),
        identity_hash=found.identity_hash,
        issued_at=shown.issued_at,
        login_at=_login_at(shown, connection) if is_fixed else shown.issued_at,
        proof_at=proof_at,
        verified_at=shown.verified_at,
        learned_life=shown.expires_at - proof_at if is_learned else None,
        comes_unchanged=is_fixed and shown.renewal_time >= shown.expires_at,
        # What verified a token that may not use the REST API can only have been userinfo.
        passed_userinfo=shown.verified_at is not None and not scopes_allow_rest(shown.scopes),
        is_doubted=_was_doubted(status.failure, proof_at),
    )
    settings = connection.token
    since_login = life_of(held, settings) * renewal_share(settings, connection.uid)
    login_at = whole_second(shown.renewal_time - since_login)
    return held if is_fixed else replace(held, login_at=login_at)


def _was_doubted(failure: FailureStatus | None, proof_at: datetime) -> bool:
    """Whether a login was refused after the last proof, and may have ended the session."""
    if failure is None or failure.since <= proof_at:
        return False
    return kind_of(failure.reason, failure.failure_class).may_have_ended_sessions


def _login_at(shown: TokenStatus, connection: Connection) -> datetime:
    """Return when the login of a token with a fixed expiry was, from its renewal time."""
    share = renewal_share(connection.token, connection.uid)
    if shown.renewal_time >= shown.expires_at:
        return shown.issued_at
    passed: timedelta = (shown.expires_at - shown.renewal_time) * (share / (1 - share))
    return max(whole_second(shown.renewal_time - passed), shown.issued_at)


def _held_without_status(found: FoundToken, connection: Connection) -> HeldToken:
    """Return the token of a target that is newer than the status, or has outlived it."""
    login_at = found.issued_at
    if found.shown_expiry is not None and found.token.fixed_expiry is None:
        login_at = max(login_at, found.shown_expiry - connection.token.lifetime)
    return HeldToken(
        token=found.token,
        identity_hash=found.identity_hash,
        issued_at=found.issued_at,
        login_at=login_at,
        proof_at=login_at,
    )
