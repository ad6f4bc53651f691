"""The grants: one function for each way to ask for a token."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from token_operator.domain.connection import Grant
from token_operator.domain.token import AccessToken
from token_operator.salesforce.answers import token_answer
from token_operator.salesforce.assertion import sign_assertion
from token_operator.salesforce.hosts import AllowedHosts, host_of
from token_operator.salesforce.keys import SigningKey
from token_operator.salesforce.refusals import HIDDEN_CONSUMER_KEY, LoginContext
from token_operator.salesforce.transport import TOKEN_PATH, Transport

_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class JWTBearerRequest:
    """One login with a signed assertion; a value that is public stands in the connection itself."""

    login_url: str
    audience: str
    consumer_key: str = field(repr=False)
    username: str = field(repr=False)
    key: SigningKey
    consumer_key_is_public: bool = False
    username_is_public: bool = False


async def mint_with_jwt_bearer(
    transport: Transport, request: JWTBearerRequest, *, now: datetime, hosts: AllowedHosts
) -> AccessToken:
    """Return the token that the org issues for an assertion (RFC 7523, section 2.1).

    *now* is the local instant; the assertion is made for the org's clock. Raises
    HostNotAllowedError before anything is sent, what ``Transport.send`` and ``token_answer``
    raise after.
    """
    hosts.check_login_url(request.login_url)
    login_url = request.login_url.rstrip("/")
    offset = transport.offsets.of(host_of(login_url))
    assertion = sign_assertion(
        request.key,
        consumer_key=request.consumer_key,
        username=request.username,
        audience=request.audience,
        now=now + offset,
    )
    answer = await transport.send(
        "POST",
        f"{login_url}{TOKEN_PATH}",
        headers={"Accept": "application/json"},
        form={"grant_type": _JWT_BEARER, "assertion": assertion},
    )
    context = _context_of(request, assertion)
    return token_answer(answer, now=now, offset=offset, context=context, hosts=hosts)


def _context_of(request: JWTBearerRequest, assertion: str) -> LoginContext:
    is_public = request.consumer_key_is_public
    hidden = (
        assertion,
        "" if is_public else request.consumer_key,
        "" if request.username_is_public else request.username,
    )
    return LoginContext(
        login_url=request.login_url,
        grant=Grant.JWT_BEARER,
        shown_consumer_key=request.consumer_key if is_public else HIDDEN_CONSUMER_KEY,
        secrets=hidden,
    )
