"""The authorization endpoint: a user approves an app in a browser and a code goes back to it."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from fakeorg.model.app import AppState
from fakeorg.model.authorization_code import AuthorizationCode
from fakeorg.model.directory import Directory, Place
from fakeorg.model.exchange import Answer, Call
from fakeorg.model.org import Org
from fakeorg.model.user import User
from fakeorg.protocol import refusals
from fakeorg.protocol.approval_page import approval_page, error_page
from fakeorg.protocol.refusals import Refusal

UNSUPPORTED_RESPONSE_TYPE: Final = Refusal(
    "unsupported_response_type", "response type not supported"
)
APP_BLOCKED: Final = Refusal("OAUTH_APP_BLOCKED", "this app is blocked by admin")
APP_NOT_FOUND: Final = Refusal(
    "OAUTH_EC_APP_NOT_FOUND", "External client app is not installed in this org"
)
APP_MUST_BE_INSTALLED: Final = Refusal("invalid_client", "app must be installed into org")
ACCESS_DENIED: Final = Refusal(
    "OAUTH_APP_ACCESS_DENIED", "user is not admin approved to access this app"
)
SCOPE_NOT_ALLOWED: Final = Refusal("invalid_scope", "the requested scope is not allowed")
CHALLENGE_MISSING: Final = Refusal("invalid_request", "missing required code challenge")
DENIED: Final = Refusal("access_denied", "end-user denied authorization")


@dataclass(frozen=True, slots=True)
class Authorization:
    """A request for a code, whose app and redirect URI are known to belong together."""

    call: Call
    app: AppState
    orgs: tuple[Org, ...]  # more than one at a login host, if several have the app

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes asked for; all of the app's if none are named."""
        asked = (self.call.parameter("scope") or "").split()
        return tuple(asked) or self.app.scopes

    @property
    def users(self) -> dict[str, User]:
        """The users who can log in."""
        return {name: u for org in self.orgs for name, u in org.users.items() if u.may_act}

    def sent_back(self, **parameters: str) -> Answer:
        """Return the redirect to the app."""
        address = self.call.parameter("redirect_uri") or ""
        state = self.call.parameter("state")
        query = urlencode(parameters | ({} if state is None else {"state": state}))
        separator = "&" if "?" in address else "?"
        return Answer(302, b"", (("Location", f"{address}{separator}{query}"),))

    def refused(self, refusal: Refusal) -> Answer:
        """Return the redirect that reports a refusal to the app."""
        return self.sent_back(error=refusal.error, error_description=refusal.description)


def authorize(call: Call, place: Place, directory: Directory) -> Answer:
    """Show the approval page, or send the browser back to the app with the user's decision."""
    key = call.parameter("client_id") or ""
    candidates = [place.org] if place.org else directory.at_login_host(place.org_kind)
    orgs = tuple(org for org in candidates if key in org.apps)
    app = orgs[0].apps[key].seen(directory.clock.now()) if orgs else None
    if app is None:
        return _shown(refusals.CONSUMER_KEY_UNKNOWN)
    if call.parameter("redirect_uri") not in app.callback_urls:
        return _shown(refusals.REDIRECT_MISMATCH)
    if not app.installed and orgs[0].settings.missing_app_error == "invalid_client":
        return _shown(APP_MUST_BE_INSTALLED)
    authorization = Authorization(call, app, orgs)
    refusal = _fault_of(authorization)
    if refusal is not None:
        return authorization.refused(refusal)
    return _decided(authorization) if call.method == "POST" else _asked(authorization)


def _shown(refusal: Refusal) -> Answer:
    return error_page(refusal.error, refusal.description)


def _fault_of(authorization: Authorization) -> Refusal | None:
    call, app = authorization.call, authorization.app
    if app.blocked:
        return APP_BLOCKED
    if not app.installed:
        return APP_NOT_FOUND
    if call.parameter("response_type") != "code":
        return UNSUPPORTED_RESPONSE_TYPE
    if not set(authorization.scopes) <= set(app.scopes):
        return SCOPE_NOT_ALLOWED
    if app.pkce_required and not call.parameter("code_challenge"):
        return CHALLENGE_MISSING
    return None


def _asked(authorization: Authorization) -> Answer:
    chosen = authorization.call.parameter("login_hint")
    return approval_page(
        authorization.app, authorization.scopes, sorted(authorization.users), chosen
    )


def _decided(authorization: Authorization) -> Answer:
    username = authorization.call.form.get("username", "")
    match authorization.call.form.get("decision"):
        case "deny":
            return authorization.refused(DENIED)
        case "allow" if username in authorization.users:
            return _allowed(authorization, username)
        case _:
            return _asked(authorization)


def _allowed(authorization: Authorization, username: str) -> Answer:
    app, call = authorization.app, authorization.call
    if app.policy == "admin-approved" and username not in app.assigned:
        return authorization.refused(ACCESS_DENIED)
    org = next(org for org in authorization.orgs if username in org.users)
    org.apps[app.consumer_key].approve(username)
    code = AuthorizationCode(
        username=username,
        consumer_key=app.consumer_key,
        redirect_uri=call.parameter("redirect_uri") or "",
        scopes=authorization.scopes,
        code_challenge=call.parameter("code_challenge") or None,
        issued_at=org.clock.now(),
    )
    org.codes[code.value] = code
    site = org.users[username].site
    extra = {"sfdc_community_url": site.url, "sfdc_community_id": site.site_id} if site else {}
    return authorization.sent_back(code=code.value, **extra)
