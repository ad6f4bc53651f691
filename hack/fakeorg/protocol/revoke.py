"""The revocation endpoint: a token dies for everybody who holds it."""

from fakeorg.model.exchange import Answer, Call
from fakeorg.model.org import Org
from fakeorg.protocol.refusals import Refusal


def revoke(call: Call, org: Org | None) -> Answer:
    """End the token that is named in the form or the query.

    With a refresh token end the access tokens it gave.
    """
    token = call.parameter("token") or ""
    approval = org.approvals.find(token) if org else None
    if org is not None and approval is not None:
        org.end_approval(approval)
        return Answer(200)
    session = org.session_of(token) if org else None
    if session is None:
        # The real one repeats the token, so a caller must not log the answer.
        return Refusal("invalid_token", f"invalid token: {token}").to_answer()
    session.killed = True
    return Answer(200)
