"""The refresh token grant, with and without rotation."""

from typing import Final

from fakeorg.model.approvals import Approval
from fakeorg.model.exchange import Call
from fakeorg.model.login import log_in
from fakeorg.model.org import Org
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
    user_is_inactive,
    user_is_not_assigned,
)
from fakeorg.protocol.client_secret import authenticate, credentials
from fakeorg.protocol.grants import Claimed, Grant, Issued, LoginRequest
from fakeorg.protocol.refusals import RefusedError

# Order matters: the first check that refuses gives the answer.
CHECKS: Final = (
    app_is_not_installed,
    org_is_locked,
    user_is_inactive,
    login_hours_forbid,
    user_is_not_assigned,
    address_is_outside,
    logins_are_too_many,
)


def peek(call: Call) -> Claimed:
    """Return the consumer key of a request."""
    return Claimed(credentials(call)[0])


def user_of(call: Call, org: Org) -> str | None:
    """Return the user whose approval a refresh token stands for."""
    approval = org.approvals.find(call.parameter("refresh_token") or "")
    return approval.username if approval else None


def log_in_by_refresh_token(request: LoginRequest) -> Issued:
    """Return a session and, with rotation, the next refresh token, or raise RefusedError."""
    org, app = app_of(request)
    authenticate(request.call, app, required=app.require_secret_for_refresh)
    if request.is_duplicate:
        raise RefusedError(refusals.ALREADY_PROCESSED)
    approval = _approval_of(request, org)
    access = Access(
        org=org, app=app, username=approval.username, ip=request.call.ip, now=request.now
    )
    admit(access, CHECKS)
    session = log_in(org, app, approval.session_key, request.now)
    approval.uses += 1
    if not app.refresh_token_rotation:
        return Issued(org, session, is_signed=True)
    org.approvals.rotate(approval)
    return Issued(org, session, approval.refresh_token, is_signed=True)


def _approval_of(request: LoginRequest, org: Org) -> Approval:
    """Return the approval of a good refresh token; one that was rotated out ends it."""
    token = request.call.parameter("refresh_token") or ""
    approval = org.approvals.find(token)
    if approval is None or approval.consumer_key != request.claimed.consumer_key:
        raise RefusedError(refusals.REFRESH_TOKEN_EXPIRED)
    if token != approval.refresh_token:
        org.end_approval(approval)
        raise RefusedError(refusals.REFRESH_TOKEN_EXPIRED)
    return approval


REFRESH_TOKEN: Final = Grant("refresh_token", peek, log_in_by_refresh_token, user_of)
