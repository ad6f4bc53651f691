"""The userinfo endpoint and the identity URL: who is the user of a token."""

from typing import Final

from fakeorg.model.directory import Place
from fakeorg.model.exchange import Answer, Call, json_answer, text_answer
from fakeorg.model.org import Org
from fakeorg.model.session import Session
from fakeorg.protocol.bearer import bearer_token, live_session, note_activity
from fakeorg.protocol.token_answer import identity_url, instance_url

_IDENTITY_SCOPES: Final = frozenset({"id", "openid", "profile", "full"})


def userinfo(call: Call, place: Place, org: Org | None) -> Answer:
    """Answer who the user of the token is, in the words of OpenID Connect."""
    session = live_session(call, org)
    if org is None or session is None or not _IDENTITY_SCOPES & set(session.scopes):
        return _refusal(call)
    if org.settings.userinfo_slides:
        note_activity(org, session)
    return json_answer(200, _claims(org, session, place))


def identity(call: Call, place: Place, org: Org | None) -> Answer:
    """Answer the identity URL of the user, which names org and user by id."""
    session = live_session(call, org)
    if org is None or session is None or not _IDENTITY_SCOPES & set(session.scopes):
        return _refusal(call)
    user = org.users[session.username]
    if call.path.rstrip("/") != f"/id/{org.org_id}/{user.user_id}":
        return text_answer(404, "Bad_Id")
    names = {"id": identity_url(org, user.username, place), "asserted_user": True}
    return json_answer(200, _claims(org, session, place) | names | {"username": user.username})


def _refusal(call: Call) -> Answer:
    missing = bearer_token(call) is None
    return text_answer(403, "Missing_OAuth_Token" if missing else "Bad_OAuth_Token")


def _claims(org: Org, session: Session, place: Place) -> dict[str, object]:
    user = org.users[session.username]
    instance = instance_url(org, place)
    return {
        "sub": identity_url(org, user.username, place),
        "user_id": user.user_id,
        "organization_id": org.org_id,
        "preferred_username": user.username,
        "nickname": user.username.partition("@")[0],
        "name": "Integration User",
        "email": user.username,
        "email_verified": True,
        "urls": {
            "rest": f"{instance}/services/data/v{{version}}/",
            "query": f"{instance}/services/data/v{{version}}/query/",
            "custom_domain": org.my_domain_url,
        },
        "active": user.may_act,
        "user_type": "STANDARD",
        "language": "en_US",
        "locale": "en_US",
        "utcOffset": 0,
        "is_app_installed": True,
    }
