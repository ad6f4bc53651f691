"""The token endpoint: which grant is asked for, and a row of Login History for each try."""

import logging
from datetime import datetime
from typing import Final

from fakeorg.model.directory import Directory, Place
from fakeorg.model.exchange import Answer, Call
from fakeorg.model.history import LoginRow
from fakeorg.model.org import Org
from fakeorg.protocol import refusals
from fakeorg.protocol.authorization_code import AUTHORIZATION_CODE
from fakeorg.protocol.client_credentials import CLIENT_CREDENTIALS
from fakeorg.protocol.grants import Claimed, Grant, LoginRequest
from fakeorg.protocol.jwt_bearer import JWT_BEARER
from fakeorg.protocol.refresh_token import REFRESH_TOKEN
from fakeorg.protocol.refusals import Refusal, RefusedError
from fakeorg.protocol.token_answer import token_answer

_LOG: Final = logging.getLogger(__name__)

GRANTS: Final[dict[str, Grant]] = {
    grant.name: grant
    for grant in (JWT_BEARER, CLIENT_CREDENTIALS, REFRESH_TOKEN, AUTHORIZATION_CODE)
}


def grant_of(call: Call) -> Grant | None:
    """Return the grant a request asks for."""
    return GRANTS.get(call.parameter("grant_type") or "")


def org_at_login_host(call: Call, place: Place, directory: Directory) -> Org | None:
    """Return the org that a login host finds by the app and the user of the request."""
    grant = grant_of(call)
    if grant is None:
        return None
    key = grant.peek(call).consumer_key
    candidates = [org for org in directory.at_login_host(place.org_kind) if key in org.apps]
    with_user = [o for o in candidates if grant.claimed_in(o, call).username in o.users]
    return next(iter(with_user or candidates), None)


def token(
    call: Call, place: Place, org: Org | None, directory: Directory, is_duplicate: bool = False
) -> Answer:
    """Answer a request to the token endpoint."""
    if call.method != "POST":
        return refusals.MUST_POST.to_answer()
    grant = grant_of(call)
    claimed = grant.claimed_in(org, call) if grant else Claimed()
    now = directory.clock.now()
    request = LoginRequest(call, place, directory, org, claimed, now, is_duplicate)
    _count(request)
    try:
        answer = _login(grant, request)
    except RefusedError as error:
        _write_history(request, error.refusal)
        return error.refusal.to_answer()
    _write_history(request, None)
    return answer


def _login(grant: Grant | None, request: LoginRequest) -> Answer:
    if grant is None:
        raise RefusedError(refusals.GRANT_NOT_SUPPORTED)
    if request.call.parameter("scope") is not None:
        raise RefusedError(refusals.SCOPE_NOT_SUPPORTED)
    issued = grant.log_in(request)
    app = issued.org.apps.get(issued.session.consumer_key)
    if app is not None and app.latest.dpop_required:
        raise RefusedError(refusals.DPOP_NONCE_MISSING)
    return token_answer(issued, request.place)


def _count(request: LoginRequest) -> None:
    username = request.claimed.username
    if request.org is not None and username in request.org.users:
        request.org.rate.count(username, request.now)


def _write_history(request: LoginRequest, refusal: Refusal | None) -> None:
    _LOG.info(
        "login of %s at %s: %s",
        request.claimed.username,
        request.call.host,
        refusal.description if refusal else "Success",
    )
    history = request.org.history if request.org else request.directory.strays
    history.add(
        LoginRow(
            time=_to_millisecond(request.now),
            org=request.org.name if request.org else None,
            username=request.claimed.username,
            app=_app_name(request),
            ip=request.call.ip,
            host=request.call.host,
            grant=request.call.parameter("grant_type"),
            status=refusal.description if refusal else "Success",
            error=refusal.error if refusal else None,
        )
    )


def _app_name(request: LoginRequest) -> str | None:
    app = request.org.apps.get(request.claimed.consumer_key or "") if request.org else None
    return app.latest.name if app else request.claimed.consumer_key


def _to_millisecond(instant: datetime) -> datetime:
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
