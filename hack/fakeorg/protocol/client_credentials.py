"""The client credentials grant: an app logs in as the user its admin chose to run it."""

from typing import Final

from fakeorg.model.app import AppState
from fakeorg.model.exchange import Call
from fakeorg.model.login import log_in
from fakeorg.model.org import Org
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
    user_is_inactive,
    user_is_not_assigned,
)
from fakeorg.protocol.client_secret import authenticate, credentials
from fakeorg.protocol.grants import Claimed, Grant, Issued, LoginRequest
from fakeorg.protocol.refusals import Refusal, RefusedError

# Never granted here, whatever the app may have.
_STRIPPED: Final = frozenset({"full", "web", "refresh_token", "offline_access"})


def flow_is_disabled(access: Access) -> Refusal | None:
    """Refuse an app with the client credentials flow switched off."""
    if access.app.client_credentials_enabled:
        return None
    error = access.org.settings.disabled_client_credentials_error
    return Refusal(error, "client credentials flow not enabled")


def run_as_user_is_missing(access: Access) -> Refusal | None:
    """Refuse an app for which no admin chose a user, or one that is not there."""
    return None if access.user else refusals.NO_RUN_AS_USER


def scopes_are_missing(access: Access) -> Refusal | None:
    """Refuse an app none of whose scopes can be granted."""
    return None if scopes_of(access.app) else refusals.NO_VALID_SCOPES


def run_as_user_is_not_assigned(access: Access) -> Refusal | None:
    """Refuse a Run As user whom no admin pre-authorized, in orgs that ask for that."""
    return user_is_not_assigned(access) if access.org.settings.run_as_needs_assignment else None


# Order matters: the first check that refuses gives the answer.
CHECKS: Final = (
    app_is_not_installed,
    flow_is_disabled,
    run_as_user_is_missing,
    scopes_are_missing,
    org_is_locked,
    user_is_inactive,
    login_hours_forbid,
    run_as_user_is_not_assigned,
    address_is_outside,
    logins_are_too_many,
)


def scopes_of(app: AppState) -> tuple[str, ...]:
    """Return the scopes of an app that this grant can give."""
    return tuple(scope for scope in app.scopes if scope not in _STRIPPED)


def peek(call: Call) -> Claimed:
    """Return the consumer key of a request."""
    return Claimed(credentials(call)[0])


def run_as_user(call: Call, org: Org) -> str | None:
    """Return the username that an app runs as."""
    app = org.apps.get(credentials(call)[0])
    return app.latest.run_as if app else None


def log_in_as_app(request: LoginRequest) -> Issued:
    """Return the session of the Run As user, or raise RefusedError."""
    if request.place.kind != "my domain":
        raise RefusedError(refusals.DOMAIN_NOT_SUPPORTED)
    org, app = app_of(request)
    authenticate(request.call, app, required=True)
    access = Access(org=org, app=app, username=app.run_as, ip=request.call.ip, now=request.now)
    user = admit(access, CHECKS)
    key = SessionKey(user.username, app.consumer_key, scopes_of(app))
    return Issued(org, log_in(org, app, key, request.now), is_signed=True)


CLIENT_CREDENTIALS: Final = Grant("client_credentials", peek, log_in_as_app, run_as_user)
