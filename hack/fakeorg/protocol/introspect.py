"""The introspection endpoint (RFC 7662): an app asks about its own tokens."""

from fakeorg.model.app import App
from fakeorg.model.directory import Place
from fakeorg.model.exchange import Answer, Call, json_answer
from fakeorg.model.org import Org
from fakeorg.model.session import Session
from fakeorg.protocol.client_secret import credentials, is_the_secret
from fakeorg.protocol.refusals import INTROSPECTION_UNAUTHENTICATED
from fakeorg.protocol.token_answer import identity_url


def introspect(call: Call, place: Place, org: Org | None) -> Answer:
    """Answer whether a token is alive, to the app it belongs to."""
    app = authenticated_app(call, org)
    if org is None or app is None:
        return INTROSPECTION_UNAUTHENTICATED.to_answer()
    session = org.session_of(call.parameter("token") or "")
    if session is None or session.consumer_key != app.consumer_key:
        return json_answer(200, {"active": False})
    return json_answer(200, _description(org, session, place))


def authenticated_app(call: Call, org: Org | None) -> App | None:
    """Return the app whose consumer key and secret the request carries."""
    key, secret = credentials(call)
    app = org.apps.get(key) if org else None
    return app if app and is_the_secret(secret, app.latest) else None


def _description(org: Org, session: Session, place: Place) -> dict[str, object]:
    opened = int(session.opened_at.timestamp())
    return {
        "active": True,
        "scope": " ".join(session.scopes),
        "client_id": session.consumer_key,
        "username": session.username,
        "sub": identity_url(org, session.username, place),
        "token_type": "access_token",
        "exp": int(session.expires_at.timestamp()),
        "iat": opened,
        "nbf": opened,
    }
