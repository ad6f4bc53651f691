"""The refresh token grant (RFC 6749, section 6; Salesforce Help article 005316711).

Where the app rotates refresh tokens, each is good once: the answer holds the next, and using
an old one again ends all of them. So nothing that an answer says of the next one gets lost
here, and a refresh whose answer got lost is distinguished from one that never arrived.
"""

from dataclasses import dataclass, field
from datetime import datetime

from token_operator.domain.failures import (
    AnswerInvalidError,
    FailureError,
    NetworkError,
    TransientError,
)
from token_operator.domain.grants import GrantName
from token_operator.domain.token import AccessToken
from token_operator.salesforce.grants.login import context_of, refresh_token_in, send_login
from token_operator.salesforce.hosts import AllowedHosts, host_of
from token_operator.salesforce.login_answers import token_from_answer
from token_operator.salesforce.network_errors import UnansweredError
from token_operator.salesforce.refusals import LoginContext
from token_operator.salesforce.transport import Answer, ServerFaultError, Transport


class RefreshOutcomeUnknownError(TransientError, variant_of=NetworkError):
    """Nobody knows whether the refresh token was used: its answer is lost."""

    remedy = (
        "If the app rotates refresh tokens, the stored one may be used up, and using it again "
        "would end the new one too: where the next login says RefreshTokenExpired, approve the "
        "app again and store the new refresh token."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshTokenRequest:
    """One login with a refresh token; the consumer secret is sent where there is one."""

    login_url: str
    consumer_key: str = field(repr=False)
    refresh_token: str = field(repr=False)
    consumer_secret: str = field(default="", repr=False)
    consumer_key_is_public: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What a refresh gave: the access token, and the next refresh token if it was rotated.

    ``token`` is a failure only where the answer rotated the refresh token and cannot be used
    otherwise: the rotated one must be written back even so.
    """

    token: AccessToken | FailureError
    # Empty where the refresh token that was sent stays good.
    rotated_refresh_token: str = field(default="", repr=False)


async def mint_with_refresh_token(
    transport: Transport, request: RefreshTokenRequest, *, now: datetime, hosts: AllowedHosts
) -> Refreshed:
    """Return what the org gives for a refresh token; *now* is the local instant.

    Raises RefreshOutcomeUnknownError where the answer is lost after the request was sent,
    RefreshTokenExpiredError also for one that was used before, else HostNotAllowedError and
    what ``Transport.send`` and ``token_answer`` raise. Never send one twice at the same time.
    """
    form = {
        "grant_type": "refresh_token",
        "client_id": request.consumer_key,
        "refresh_token": request.refresh_token,
    }
    if request.consumer_secret:
        form["client_secret"] = request.consumer_secret
    try:
        answer = await send_login(transport, request.login_url, form, hosts=hosts)
    except (UnansweredError, ServerFaultError) as lost:
        raise RefreshOutcomeUnknownError(lost.message, retry_after=lost.retry_after) from None
    offset = transport.offsets.of(host_of(request.login_url))
    try:
        token = token_from_answer(
            answer, now=now, offset=offset, context=_context_of(request), hosts=hosts
        )
    except FailureError as failure:
        return _rotated_at_least(answer, request, failure)
    return Refreshed(token=token, rotated_refresh_token=_rotated(answer, request))


def _rotated_at_least(
    answer: Answer, request: RefreshTokenRequest, failure: FailureError
) -> Refreshed:
    """Return the failure with the rotated refresh token; raise it where there is none."""
    rotated = _rotated(answer, request)
    if rotated:
        return Refreshed(token=failure, rotated_refresh_token=rotated)
    if answer.status == 200 and isinstance(failure, AnswerInvalidError):
        raise RefreshOutcomeUnknownError(failure.message) from None
    raise failure


def _rotated(answer: Answer, request: RefreshTokenRequest) -> str:
    found = refresh_token_in(answer)
    return "" if found == request.refresh_token else found


def _context_of(request: RefreshTokenRequest) -> LoginContext:
    return context_of(
        request.login_url,
        GrantName.REFRESH_TOKEN,
        consumer_key=request.consumer_key,
        consumer_key_is_public=request.consumer_key_is_public,
        secrets=(request.refresh_token, request.consumer_secret),
    )
