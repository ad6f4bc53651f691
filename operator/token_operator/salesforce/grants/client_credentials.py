"""The client credentials grant: a token for the app's own Run As user (RFC 6749, section 4.4)."""

from dataclasses import dataclass, field
from datetime import datetime

from token_operator.domain.grants import GrantName
from token_operator.domain.token import AccessToken
from token_operator.salesforce.grants.login import context_of, send_login
from token_operator.salesforce.hosts import AllowedHosts, host_of
from token_operator.salesforce.login_answers import token_from_answer
from token_operator.salesforce.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentialsRequest:
    """One login with consumer key and consumer secret; works at a My Domain only."""

    login_url: str
    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    consumer_key_is_public: bool = False


async def mint_with_client_credentials(
    transport: Transport, request: ClientCredentialsRequest, *, now: datetime, hosts: AllowedHosts
) -> AccessToken:
    """Return the token that the org issues to the app; *now* is the local instant.

    No scope is asked for, as Salesforce refuses the parameter. Raises HostNotAllowedError
    before anything is sent, what ``Transport.send`` and ``token_answer`` raise after.
    """
    form = {
        "grant_type": "client_credentials",
        "client_id": request.consumer_key,
        "client_secret": request.consumer_secret,
    }
    answer = await send_login(transport, request.login_url, form, hosts=hosts)
    context = context_of(
        request.login_url,
        GrantName.CLIENT_CREDENTIALS,
        consumer_key=request.consumer_key,
        consumer_key_is_public=request.consumer_key_is_public,
        secrets=(request.consumer_secret,),
    )
    offset = transport.offsets.of(host_of(request.login_url))
    return token_from_answer(answer, now=now, offset=offset, context=context, hosts=hosts)
