"""The JWT bearer grant.

The order of the checks is Salesforce's: read, app, signature, audience, expiry, user, approval,
rate. The first one that refuses gives the answer.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fakeorg.model.access_token import granted_scopes
from fakeorg.model.exchange import Call
from fakeorg.model.login import log_in
from fakeorg.model.org import LOGIN_HOSTS
from fakeorg.model.session import SessionKey
from fakeorg.protocol import refusals
from fakeorg.protocol.access import (
    Access,
    address_is_outside,
    admit,
    app_is_not_installed,
    app_of,
    login_hours_forbid,
    logins_are_too_many,
    org_is_locked,
    user_has_not_approved,
    user_is_inactive,
    user_is_not_assigned,
    user_is_unknown,
)
from fakeorg.protocol.assertion import Assertion, is_signed_by, read
from fakeorg.protocol.grants import Claimed, Grant, Issued, LoginRequest
from fakeorg.protocol.refusals import Refusal, RefusedError

# An assertion still passes this long after its `exp`, for clocks that differ.
_GRACE_SECONDS: Final = 180
# With strict_exp, the farthest an `exp` may lie ahead.
_FARTHEST_SECONDS: Final = 300
_LOGIN_HOST_URLS: Final = frozenset(f"https://{host}" for host in LOGIN_HOSTS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Access):
    """A login whose assertion could be read and whose app is known."""

    assertion: Assertion


def flow_is_disabled(attempt: Attempt) -> Refusal | None:
    """Refuse an app without a certificate, or with the JWT bearer flow switched off."""
    if attempt.app.jwt_enabled and attempt.app.certificates:
        return None
    if attempt.org.settings.disabled_grant_error == "invalid_grant":
        return refusals.INVALID_ASSERTION
    return refusals.GRANT_NOT_SUPPORTED


def signature_is_wrong(attempt: Attempt) -> Refusal | None:
    """Refuse a signature that no certificate of the app verifies."""
    if is_signed_by(attempt.assertion, attempt.app.certificates):
        return None
    if attempt.org.settings.signature_error == "invalid_client":
        return refusals.CREDENTIALS_INVALID
    return refusals.INVALID_ASSERTION


def audience_is_a_login_host(attempt: Attempt) -> Refusal | None:
    """Refuse login and test hosts as audience, in orgs that are strict since Spring '26."""
    strict = attempt.org.settings.spring26_strict
    if strict and attempt.assertion.claims.get("aud") in _LOGIN_HOST_URLS:
        return refusals.APP_NOT_FOUND
    return None


def audience_is_invalid(attempt: Attempt) -> Refusal | None:
    """Refuse an audience that is not, letter by letter, one of the org's."""
    audience = attempt.assertion.claims.get("aud")
    accepted = isinstance(audience, str) and audience in attempt.org.audiences
    return None if accepted else refusals.AUDIENCE_INVALID


def expiry_is_no_number(attempt: Attempt) -> Refusal | None:
    """Refuse an assertion without a numeric `exp`; digits in a string are numeric."""
    return refusals.INVALID_ASSERTION if math.isnan(_expiry(attempt)) else None


def assertion_has_expired(attempt: Attempt) -> Refusal | None:
    """Refuse an assertion that ended longer ago than the grace."""
    over = _expiry(attempt) + _GRACE_SECONDS < attempt.now.timestamp()
    return refusals.ASSERTION_EXPIRED if over else None


def expiry_is_too_far(attempt: Attempt) -> Refusal | None:
    """Refuse an `exp` far ahead, in orgs that are strict about it."""
    far = _expiry(attempt) > attempt.now.timestamp() + _FARTHEST_SECONDS
    return refusals.INVALID_ASSERTION if far and attempt.org.settings.strict_exp else None


def refresh_scope_is_missing(attempt: Attempt) -> Refusal | None:
    """Refuse an app that may not act at any time, although no refresh token is asked for."""
    allowed = {"refresh_token", "offline_access"} & set(attempt.app.scopes)
    return None if allowed else refusals.REFRESH_SCOPE_MISSING


Check = Callable[[Attempt], Refusal | None]

# Order matters: the first check that refuses gives the answer.
CHECKS: Final[tuple[Check, ...]] = (
    app_is_not_installed,
    flow_is_disabled,
    signature_is_wrong,
    audience_is_a_login_host,
    audience_is_invalid,
    expiry_is_no_number,
    assertion_has_expired,
    expiry_is_too_far,
    org_is_locked,
    user_is_unknown,
    user_is_inactive,
    login_hours_forbid,
    refresh_scope_is_missing,
    user_is_not_assigned,
    user_has_not_approved,
    address_is_outside,
    logins_are_too_many,
)


def peek(call: Call) -> Claimed:
    """Return the consumer key and the username that an assertion claims."""
    try:
        assertion = read(call.parameter("assertion"))
    except RefusedError:
        return Claimed()
    return Claimed(assertion.consumer_key, assertion.username)


def log_in_by_assertion(request: LoginRequest) -> Issued:
    """Return the session of an assertion that passes all checks, or raise RefusedError."""
    assertion = read(request.call.parameter("assertion"))
    org, app = app_of(request)
    attempt = Attempt(
        org=org,
        app=app,
        username=assertion.username,
        ip=request.call.ip,
        now=request.now,
        assertion=assertion,
    )
    user = admit(attempt, CHECKS)
    key = SessionKey(user.username, app.consumer_key, granted_scopes(app))
    return Issued(org, log_in(org, app, key, request.now))


def _expiry(attempt: Attempt) -> float:
    value = attempt.assertion.claims.get("exp")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return math.nan
    return number if math.isfinite(number) else math.nan


JWT_BEARER: Final = Grant("urn:ietf:params:oauth:grant-type:jwt-bearer", peek, log_in_by_assertion)
