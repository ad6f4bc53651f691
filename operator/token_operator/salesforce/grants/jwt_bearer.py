"""The JWT bearer grant: a token for a signed assertion (RFC 7523, section 2.1)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from token_operator.domain.grants import GrantName
from token_operator.domain.token import AccessToken
from token_operator.salesforce.assertion import sign_assertion
from token_operator.salesforce.grants.login import context_of, send_login
from token_operator.salesforce.hosts import AllowedHosts, host_of
from token_operator.salesforce.keys.signer import Signer
from token_operator.salesforce.login_answers import token_from_answer
from token_operator.salesforce.transport import Transport

_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class JWTBearerRequest:
    """One login with a signed assertion; a value that is public stands in the connection itself."""

    login_url: str
    audience: str
    consumer_key: str = field(repr=False)
    username: str = field(repr=False)
    signer: Signer
    consumer_key_is_public: bool = False
    username_is_public: bool = False


async def mint_with_jwt_bearer(
    transport: Transport, request: JWTBearerRequest, *, now: datetime, hosts: AllowedHosts
) -> AccessToken:
    """Return the token that the org issues for an assertion.

    *now* is the local instant; the assertion is made for the org's clock. Raises
    HostNotAllowedError before anything is sent, what ``Transport.send`` and ``token_answer``
    raise after.
    """
    hosts.check_login_url(request.login_url)
    offset = transport.offsets.of(host_of(request.login_url))
    assertion = await sign_assertion(
        request.signer,
        consumer_key=request.consumer_key,
        username=request.username,
        audience=request.audience,
        now=now + offset,
    )
    form = {"grant_type": _JWT_BEARER, "assertion": assertion}
    answer = await send_login(transport, request.login_url, form, hosts=hosts)
    context = context_of(
        request.login_url,
        GrantName.JWT_BEARER,
        consumer_key=request.consumer_key,
        consumer_key_is_public=request.consumer_key_is_public,
        secrets=(assertion, "" if request.username_is_public else request.username),
    )
    return token_from_answer(answer, now=now, offset=offset, context=context, hosts=hosts)
