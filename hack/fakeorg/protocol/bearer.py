"""The access token a request carries, and whose session it is."""

from fakeorg.model.directory import Directory, Place
from fakeorg.model.exchange import Call
from fakeorg.model.org import Org
from fakeorg.model.session import Session

_SCHEMES = ("bearer", "oauth")


def bearer_token(call: Call) -> str | None:
    """Return the token of the Authorization header."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() in _SCHEMES and value.strip() else None


def org_of_token(token: str | None, place: Place, directory: Directory) -> Org | None:
    """Return the org of this place, or at a login host the one that issued the token."""
    if place.org is not None:
        return place.org
    orgs = directory.at_login_host(place.org_kind)
    return next(
        (org for org in orgs if token and (org.is_live(token) or org.approvals.find(token))), None
    )


def live_session(call: Call, org: Org | None) -> Session | None:
    """Return the live session of the request's token in an org."""
    token = bearer_token(call)
    return org.session_of(token) if org and token else None


def note_activity(org: Org, session: Session) -> None:
    """Let a call count as activity, which may extend the session."""
    session.slide(org.clock.now(), always=org.settings.always_slide)
