"""The authorization code grant, with and without PKCE."""

from typing import Final

from fakeorg.model.app import AppState
from fakeorg.model.authorization_code import AuthorizationCode
from fakeorg.model.exchange import Call
from fakeorg.model.login import log_in
from fakeorg.model.org import Org
from fakeorg.model.session import SessionKey
from fakeorg.protocol import refusals
from fakeorg.protocol.access import Access, admit, app_of
from fakeorg.protocol.client_secret import authenticate, credentials
from fakeorg.protocol.grants import Claimed, Grant, Issued, LoginRequest
from fakeorg.protocol.refresh_token import CHECKS
from fakeorg.protocol.refusals import Refusal, RefusedError

_REFRESH_SCOPES: Final = frozenset({"refresh_token", "offline_access"})


def peek(call: Call) -> Claimed:
    """Return the consumer key of a request."""
    return Claimed(credentials(call)[0])


def user_of(call: Call, org: Org) -> str | None:
    """Return the user who got an authorization code."""
    code = org.codes.get(call.parameter("code") or "")
    return code.username if code else None


def log_in_by_code(request: LoginRequest) -> Issued:
    """Return a session and, if the scopes allow, a refresh token, or raise RefusedError."""
    org, app = app_of(request)
    authenticate(request.call, app, required=app.require_secret_for_code)
    code = org.codes.get(request.call.parameter("code") or "")
    if code is None or code.consumer_key != app.consumer_key:
        raise RefusedError(refusals.CODE_INVALID)
    refusal = _fault_of(code, app, request)
    if refusal is not None:
        raise RefusedError(refusal)
    access = Access(org=org, app=app, username=code.username, ip=request.call.ip, now=request.now)
    admit(access, CHECKS)
    code.used = True
    return _issue(code, org, app, request)


def _fault_of(code: AuthorizationCode, app: AppState, request: LoginRequest) -> Refusal | None:
    if not code.is_good(request.now):
        return refusals.CODE_EXPIRED
    if request.call.parameter("redirect_uri") != code.redirect_uri:
        return refusals.REDIRECT_MISMATCH
    unprotected = app.pkce_required and code.code_challenge is None
    if unprotected or not code.is_proved_by(request.call.parameter("code_verifier")):
        return refusals.VERIFIER_INVALID
    return None


def _issue(code: AuthorizationCode, org: Org, app: AppState, request: LoginRequest) -> Issued:
    key = SessionKey(code.username, code.consumer_key, code.scopes)
    if not _REFRESH_SCOPES & set(code.scopes):
        return Issued(org, log_in(org, app, key, request.now), is_signed=True)
    approval = org.add_approval(key)
    session = log_in(org, app, approval.session_key, request.now)
    return Issued(org, session, approval.refresh_token, is_signed=True)


AUTHORIZATION_CODE: Final = Grant("authorization_code", peek, log_in_by_code, user_of)
