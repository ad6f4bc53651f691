"""The status of a connection, from its raw form and back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from token_operator.cluster.durations import instant
from token_operator.domain.connection import DeletionPolicy
from token_operator.domain.failures import FailureClass
from token_operator.domain.instants import rfc3339
from token_operator.domain.status import (
    AuthStatus,
    Condition,
    FailureStatus,
    IdentityStatus,
    Status,
    TargetStatus,
    TokenStatus,
)
from token_operator.domain.token import ExpirySource

Raw = Mapping[str, Any]


def status_from(raw: Raw) -> Status:
    """Return the status of a raw SalesforceConnection; what cannot be read is taken as absent."""
    status = raw.get("status") or {}
    return Status(
        # -1 by default of the definition: not looked at yet.
        observed_generation=max(status.get("observedGeneration", 0), 0),
        conditions=tuple(filter(None, map(_condition, status.get("conditions") or ()))),
        token=_token(status.get("token") or {}),
        identity=_identity(status.get("identity") or {}),
        auth=_auth(status.get("auth") or {}),
        failure=_failure(status.get("failure") or {}),
        targets=tuple(_target(one) for one in status.get("targets") or ()),
        last_handled_renew_request=status.get("lastHandledRenewRequest", ""),
    )


def _condition(raw: Raw) -> Condition | None:
    at = instant(raw.get("lastTransitionTime"))
    if at is None:
        return None
    return Condition(
        type=raw.get("type", ""),
        status=raw.get("status", ""),
        reason=raw.get("reason", ""),
        message=raw.get("message", ""),
        observed_generation=raw.get("observedGeneration", 0),
        last_transition_time=at,
    )


def _token(raw: Raw) -> TokenStatus | None:
    issued_at, expires_at = instant(raw.get("issuedAt")), instant(raw.get("expiresAt"))
    renewal_time = instant(raw.get("renewalTime"))
    source = raw.get("expirySource")
    if issued_at is None or expires_at is None or renewal_time is None:
        return None
    return TokenStatus(
        issued_at=issued_at,
        expires_at=expires_at,
        expiry_source=ExpirySource(source) if source in set(ExpirySource) else _ASSUMED,
        renewal_time=renewal_time,
        verified_at=instant(raw.get("verifiedAt")),
        fingerprint=raw.get("fingerprint", ""),
        identity=raw.get("identity", ""),
        scopes=tuple(raw.get("scopes") or ()),
    )


_ASSUMED = ExpirySource.CONFIGURED


def _identity(raw: Raw) -> IdentityStatus | None:
    if not raw:
        return None
    return IdentityStatus(
        instance_url=raw.get("instanceURL", ""),
        org_id=raw.get("orgID", ""),
        user_id=raw.get("userID", ""),
        username=raw.get("username", ""),
        identity_url=raw.get("identityURL", ""),
        community_url=raw.get("communityURL", ""),
        api_instance_url=raw.get("apiInstanceURL", ""),
        token_type=raw.get("tokenType", ""),
        api_version=raw.get("apiVersion", ""),
    )


def _auth(raw: Raw) -> AuthStatus | None:
    if not raw:
        return None
    active = raw.get("activeKey") or {}
    return AuthStatus(
        grant=raw.get("grant", ""),
        audience=raw.get("audience", ""),
        key_secret_name=active.get("secretName", ""),
        key_entry=active.get("entry", ""),
        key_fingerprint=raw.get("keyFingerprint", ""),
        certificate_not_after=instant(raw.get("certificateNotAfter")),
        source_versions=tuple(sorted((raw.get("sourceVersions") or {}).items())),
    )


def _failure(raw: Raw) -> FailureStatus | None:
    since, next_attempt = instant(raw.get("since")), instant(raw.get("nextAttemptTime"))
    failure_class = raw.get("class")
    if since is None or next_attempt is None or failure_class not in set(FailureClass):
        return None
    return FailureStatus(
        failure_class=FailureClass(failure_class),
        reason=raw.get("reason", ""),
        count=raw.get("count", 1),
        since=since,
        next_attempt_time=next_attempt,
        token_safe_until=instant(raw.get("tokenSafeUntil")),
    )


def _target(raw: Raw) -> TargetStatus:
    return TargetStatus(
        secret_name=raw.get("secretName", ""),
        fingerprint=raw.get("fingerprint", ""),
        written_at=instant(raw.get("writtenAt")),
        entries=tuple(raw.get("entries") or ()),
        deletion_policy=_deletion_policy(raw),
    )


def _deletion_policy(raw: Raw) -> DeletionPolicy | None:
    told = raw.get("deletionPolicy")
    return DeletionPolicy(told) if told in set(DeletionPolicy) else None


# --- And back ----------------------------------------------------------------


def raw_status(status: Status, before: Status) -> dict[str, Any]:
    """Return *status* as a merge patch upon *before*: what is absent is null, so that it goes."""
    return {
        "observedGeneration": status.observed_generation,
        "conditions": [_raw_condition(one) for one in status.conditions],
        "token": _raw_token(status.token),
        "identity": _raw_identity(status.identity),
        "auth": _raw_auth(status.auth, before.auth),
        "failure": _raw_failure(status.failure),
        "targets": [_raw_target(one) for one in status.targets] or None,
        "lastHandledRenewRequest": status.last_handled_renew_request or None,
    }


def _raw_condition(condition: Condition) -> dict[str, Any]:
    return {
        "type": condition.type,
        "status": condition.status,
        "reason": condition.reason,
        "message": condition.message,
        "observedGeneration": condition.observed_generation,
        "lastTransitionTime": rfc3339(condition.last_transition_time),
    }


def _at(value: datetime | None) -> str | None:
    return None if value is None else rfc3339(value)


def _raw_token(token: TokenStatus | None) -> dict[str, Any] | None:
    if token is None:
        return None
    return {
        "issuedAt": rfc3339(token.issued_at),
        "expiresAt": rfc3339(token.expires_at),
        "expirySource": token.expiry_source.value,
        "renewalTime": rfc3339(token.renewal_time),
        "verifiedAt": _at(token.verified_at),
        "fingerprint": token.fingerprint,
        "identity": token.identity,
        "scopes": list(token.scopes) or None,
    }


def _raw_identity(identity: IdentityStatus | None) -> dict[str, Any] | None:
    if identity is None:
        return None
    return {
        "instanceURL": identity.instance_url or None,
        "orgID": identity.org_id or None,
        "userID": identity.user_id or None,
        "username": identity.username or None,
        "identityURL": identity.identity_url or None,
        "communityURL": identity.community_url or None,
        "apiInstanceURL": identity.api_instance_url or None,
        "tokenType": identity.token_type or None,
        "apiVersion": identity.api_version or None,
    }


def _raw_auth(auth: AuthStatus | None, before: AuthStatus | None) -> dict[str, Any] | None:
    if auth is None:
        return None
    # A merge patch merges maps: names that are no longer there must be null.
    gone = dict.fromkeys(name for name, _ in before.source_versions) if before else {}
    active = {"secretName": auth.key_secret_name, "entry": auth.key_entry}
    return {
        "grant": auth.grant,
        "audience": auth.audience or None,
        "activeKey": active if auth.key_secret_name else None,
        "keyFingerprint": auth.key_fingerprint or None,
        "certificateNotAfter": _at(auth.certificate_not_after),
        "sourceVersions": gone | dict(auth.source_versions) if auth.source_versions else None,
    }


def _raw_failure(failure: FailureStatus | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    return {
        "class": failure.failure_class.value,
        "reason": failure.reason,
        "count": failure.count,
        "since": rfc3339(failure.since),
        "nextAttemptTime": rfc3339(failure.next_attempt_time),
        "tokenSafeUntil": _at(failure.token_safe_until),
    }


def _raw_target(target: TargetStatus) -> dict[str, Any]:
    # A merge patch replaces lists whole: what is absent in a member must be left out, not null.
    raw: dict[str, Any] = {"secretName": target.secret_name, "entries": list(target.entries)}
    if target.written_at is not None:
        raw |= {"fingerprint": target.fingerprint, "writtenAt": rfc3339(target.written_at)}
    if target.deletion_policy is not None:
        raw["deletionPolicy"] = target.deletion_policy.value
    return raw
