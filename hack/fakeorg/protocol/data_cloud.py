"""The exchange of a core access token for one of Data Cloud."""

from datetime import timedelta
from typing import Final

from fakeorg.model.access_token import data_cloud_token
from fakeorg.model.exchange import Answer, Call, json_answer, text_answer
from fakeorg.model.org import Org
from fakeorg.protocol import refusals
from fakeorg.protocol.refusals import Refusal

_GRANT_TYPE: Final = "urn:salesforce:grant-type:external:cdp"
_LIFETIME: Final = timedelta(seconds=7130)
_DEAD: Final = Refusal("invalid_grant", "expired access/refresh token", 401)


def exchange(call: Call, org: Org | None) -> Answer:
    """Answer with a Data Cloud token for the user of a live core token."""
    if call.method != "POST":
        return refusals.MUST_POST.to_answer()
    if call.parameter("grant_type") != _GRANT_TYPE:
        return refusals.GRANT_NOT_SUPPORTED.to_answer()
    session = org.session_of(call.parameter("subject_token") or "") if org else None
    if org is None or session is None:
        return _DEAD.to_answer()
    if org.settings.data_cloud_answers_html:
        return text_answer(200, "<html><body>Log in to Salesforce</body></html>", "text/html")
    content = {
        "access_token": data_cloud_token(org, session, _LIFETIME),
        "instance_url": org.settings.data_cloud_host,
        "token_type": "Bearer",
        "issued_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "expires_in": int(_LIFETIME.total_seconds()),
    }
    return json_answer(200, content)
