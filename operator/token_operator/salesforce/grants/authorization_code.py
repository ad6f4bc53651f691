"""The authorization code grant: what an approval gives (RFC 6749, section 4.1; RFC 7636)."""

from dataclasses import dataclass, field
from datetime import datetime

from token_operator.domain.grants import GrantName
from token_operator.domain.token import AccessToken
from token_operator.salesforce.grants.login import context_of, refresh_token_in, send_login
from token_operator.salesforce.hosts import AllowedHosts, host_of
from token_operator.salesforce.login_answers import token_from_answer
from token_operator.salesforce.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCodeRequest:
    """One exchange of a code, which is good once; *redirect_uri* is the one it was sent to."""

    login_url: str
    consumer_key: str = field(repr=False)
    code: str = field(repr=False)
    code_verifier: str = field(repr=False)
    redirect_uri: str
    consumer_secret: str = field(default="", repr=False)
    # The person who approves has the consumer key in the address bar.
    consumer_key_is_public: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What an approval gave; without the scope ``refresh_token`` there is no refresh token."""

    token: AccessToken
    refresh_token: str = field(default="", repr=False)


async def exchange_code(
    transport: Transport, request: AuthorizationCodeRequest, *, now: datetime, hosts: AllowedHosts
) -> Approval:
    """Return what the org gives for a code; *now* is the local instant.

    Raises HostNotAllowedError before anything is sent, what ``Transport.send`` and
    ``token_answer`` raise after.
    """
    form = {
        "grant_type": "authorization_code",
        "client_id": request.consumer_key,
        "code": request.code,
        "redirect_uri": request.redirect_uri,
        "code_verifier": request.code_verifier,
    }
    if request.consumer_secret:
        form["client_secret"] = request.consumer_secret
    answer = await send_login(transport, request.login_url, form, hosts=hosts)
    context = context_of(
        request.login_url,
        # The grant that an approval leads to.
        GrantName.REFRESH_TOKEN,
        consumer_key=request.consumer_key,
        consumer_key_is_public=request.consumer_key_is_public,
        secrets=(request.code, request.code_verifier, request.consumer_secret),
    )
    offset = transport.offsets.of(host_of(request.login_url))
    token = token_from_answer(answer, now=now, offset=offset, context=context, hosts=hosts)
    return Approval(token=token, refresh_token=refresh_token_in(answer))
