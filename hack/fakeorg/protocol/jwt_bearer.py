"""The JWT bearer grant.

The order of the checks is Salesforce's: read, app, signature, audience, expiry, user, approval,
rate. The first one that refuses gives the answer.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Final

from fakeorg.model.app import AppState
from fakeorg.model.directory import Place
from fakeorg.model.exchange import Call
from fakeorg.model.login import log_in
from fakeorg.model.org import LOGIN_HOSTS, Org
from fakeorg.model.session import Session
from fakeorg.model.user import User
from fakeorg.protocol import refusals
from fakeorg.protocol.assertion import Assertion, is_signed_by, read
from fakeorg.protocol.grants import Claimed, Grant, LoginRequest
from fakeorg.protocol.refusals import Refusal, RefusedError

# An assertion still passes this long after its `exp`, for clocks that differ.
_GRACE_SECONDS: Final = 180
# With strict_exp, the farthest an `exp` may lie ahead.
_FARTHEST_SECONDS: Final = 300
_LOGIN_HOST_URLS: Final = frozenset(f"https://{host}" for host in LOGIN_HOSTS.values())


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login whose assertion could be read and whose app is known."""

    assertion: Assertion
    org: Org
    app: AppState
    ip: str
    now: datetime

    @property
    def user(self) -> User | None:
        """The user the assertion names, if the org has one."""
        return self.org.users.get(self.assertion.username or "")


def flow_is_disabled(attempt: Attempt) -> Refusal | None:
    """Refuse an app without a certificate, or with the JWT bearer flow switched off."""
    if attempt.app.jwt_enabled and attempt.app.certificates:
        return None
    if attempt.org.settings.disabled_grant_error == "invalid_grant":
        return refusals.INVALID_ASSERTION
    return refusals.GRANT_NOT_SUPPORTED


def app_is_not_installed(attempt: Attempt) -> Refusal | None:
    """Refuse an external client app that is not installed in the org."""
    return None if attempt.app.installed else refusals.APP_NOT_FOUND


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


def org_is_locked(attempt: Attempt) -> Refusal | None:
    """Refuse everybody in a locked org."""
    settings = attempt.org.settings
    if not settings.locked:
        return None
    return Refusal(settings.inactive_org_error, "inactive organization")


def user_is_unknown(attempt: Attempt) -> Refusal | None:
    """Refuse a username that the org does not have."""
    if attempt.user is not None:
        return None
    if attempt.org.settings.unknown_user_error == "authentication failure":
        return refusals.AUTHENTICATION_FAILURE
    return refusals.NOT_APPROVED


def user_is_inactive(attempt: Attempt) -> Refusal | None:
    """Refuse a deactivated or frozen user."""
    if attempt.user is None or attempt.user.may_act:
        return None
    return Refusal(attempt.org.settings.inactive_user_error, "inactive user")


def login_hours_forbid(attempt: Attempt) -> Refusal | None:
    """Refuse a user outside the login hours of the profile."""
    forbidden = attempt.user is not None and attempt.user.login_hours_forbid
    return refusals.LOGIN_HOURS if forbidden else None


def refresh_scope_is_missing(attempt: Attempt) -> Refusal | None:
    """Refuse an app that may not act at any time, although no refresh token is asked for."""
    allowed = {"refresh_token", "offline_access"} & set(attempt.app.scopes)
    return None if allowed else refusals.REFRESH_SCOPE_MISSING


def user_is_not_assigned(attempt: Attempt) -> Refusal | None:
    """Refuse a user whom no admin pre-authorized, if the app asks for that."""
    admin_approved = attempt.app.policy == "admin-approved"
    if admin_approved and attempt.assertion.username not in attempt.app.assigned:
        return refusals.NOT_ASSIGNED
    return None


def user_has_not_approved(attempt: Attempt) -> Refusal | None:
    """Refuse a user who never approved the app, if users approve it themselves."""
    self_authorize = attempt.app.policy == "self-authorize"
    if self_authorize and attempt.assertion.username not in attempt.app.approved:
        return refusals.NOT_APPROVED
    return None


def address_is_outside(attempt: Attempt) -> Refusal | None:
    """Refuse an address outside the IP ranges of the app."""
    ranges = attempt.app.ip_ranges
    inside = any(ip_address(attempt.ip) in ip_network(one) for one in ranges)
    return refusals.IP_RESTRICTED if ranges and not inside else None


def logins_are_too_many(attempt: Attempt) -> Refusal | None:
    """Refuse logins beyond the hourly rate of one user."""
    username = attempt.assertion.username or ""
    tries = attempt.org.rate.in_last_hour(username, attempt.now)
    return refusals.RATE_EXCEEDED if tries > attempt.org.settings.logins_per_hour else None


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


def log_in_by_assertion(request: LoginRequest) -> tuple[Org, Session]:
    """Return the session of an assertion that passes all checks, or raise RefusedError."""
    assertion = read(request.call.parameter("assertion"))
    org, app = _app_of(request)
    attempt = Attempt(assertion, org, app, request.call.ip, request.now)
    for check in CHECKS:
        refusal = check(attempt)
        if refusal is not None:
            raise RefusedError(refusal)
    if attempt.user is None:
        raise RefusedError(refusals.NOT_APPROVED)
    return org, log_in(org, app, attempt.user, request.now)


def _app_of(request: LoginRequest) -> tuple[Org, AppState]:
    consumer_key = request.claimed.consumer_key or ""
    app = request.org.apps.get(consumer_key) if request.org else None
    state = app.seen(request.now) if app else None
    if request.org is not None and state is not None:
        return request.org, state
    known_elsewhere = any(consumer_key in org.apps for org in request.directory.all_orgs())
    if not known_elsewhere or app is not None:
        raise RefusedError(refusals.CONSUMER_KEY_UNKNOWN)
    raise RefusedError(_refusal_at_the_wrong_org(request.place))


def _refusal_at_the_wrong_org(place: Place) -> Refusal:
    at_login_host = place.kind == "login host"
    return refusals.NOT_APPROVED if at_login_host else refusals.APP_NOT_FOUND


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
