"""The answer of the token endpoint to a successful login."""

import base64
import hashlib
import hmac

from fakeorg.model.directory import Place
from fakeorg.model.exchange import Answer, json_answer
from fakeorg.model.org import Org
from fakeorg.model.session import Session
from fakeorg.protocol.grants import Issued


def token_answer(issued: Issued, place: Place) -> Answer:
    """Return access token, scope, instance URL, identity URL and what grant and org add."""
    org, session = issued.org, issued.session
    content = {
        "access_token": session.token,
        "scope": " ".join(session.scopes),
        "instance_url": instance_url(org, place),
        "id": identity_url(org, session.username, place),
        "token_type": org.settings.token_type,
    }
    if issued.refresh_token is not None:
        content["refresh_token"] = issued.refresh_token
    if issued.is_signed or org.settings.issued_at_in_answer:
        content |= _signed(org, session, content["id"])
    return json_answer(200, content | _additions(org, session))


def instance_url(org: Org, place: Place) -> str:
    """Return where the token is to be used: reachable the way the login came in."""
    if org.settings.instance_url is not None:
        return org.settings.instance_url
    if place.by_port:
        return place.base if place.kind == "my domain" else org.login_url
    port = place.base.removeprefix("https://").partition(":")[2]
    return org.my_domain_url + (f":{port}" if port else "")


def identity_url(org: Org, username: str, place: Place) -> str:
    """Return the identity URL of a user, on the host the login came in on."""
    base = org.login_host_url if place.kind == "site" else place.base
    return f"{base}/id/{org.org_id}/{org.users[username].user_id}"


def _additions(org: Org, session: Session) -> dict[str, str]:
    additions: dict[str, str] = {}
    site = org.users[session.username].site
    if site is not None:
        additions |= {"sfdc_community_url": site.url, "sfdc_community_id": site.site_id}
    if "sfap_api" in session.scopes:
        additions["api_instance_url"] = "https://api.salesforce.com"
    if session.fixed_end is not None:
        additions |= {"token_format": "jwt"}
    return additions


def _signed(org: Org, session: Session, identity: str) -> dict[str, str]:
    issued_at = str(int(session.opened_at.timestamp() * 1000))
    app = org.apps.get(session.consumer_key)
    secret = (app.latest.consumer_secret if app else None) or ""
    digest = hmac.new(secret.encode(), (identity + issued_at).encode(), hashlib.sha256).digest()
    return {"issued_at": issued_at, "signature": base64.b64encode(digest).decode()}
