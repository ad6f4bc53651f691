"""The proof that a token works, by one cheap call with it.

A refusal for want of permission says nothing about the token's life: only the
answers that Salesforce gives for an ended session count as a death.
"""

import re
from collections.abc import Mapping
from typing import Final

from token_operator.domain.failures import AnswerInvalidError
from token_operator.domain.token import AccessToken, Proof, Verdict, Verifier
from token_operator.salesforce.json_body import object_in, objects_in, text_of
from token_operator.salesforce.transport import Answer, Transport
from token_operator.salesforce.wording import cleaned

# "This session is not valid for use with the REST API" is about permission, not death.
_DEATHS: Final = (
    "expired or invalid",
    "session expired",
    "session has expired",
    "session is invalid",
)
# What Salesforce calls a token in the format of a JWT that it does not accept (any more).
_DEATHS_OF_A_JWT: Final = frozenset({"INVALID_AUTH_HEADER", "INVALID_JWT_FORMAT"})
# What every JSON object begins with in base64url; an opaque token begins with the org's id.
_JSON: Final = "eyJ"
# Salesforce allows 80; the rest is courtesy.
_LONGEST_USERNAME: Final = 255
_USAGE: Final = re.compile(r"(?:^|[;,\s])api-usage=([0-9]{1,12})/([0-9]{1,12})(?![0-9])")
_API_VERSION: Final = re.compile(r"[0-9]{2,3}\.0")


async def verify_by_limits(transport: Transport, token: AccessToken, *, api_version: str) -> Proof:
    """Return what the REST limits resource says of *token*; ``api_version`` like ``65.0``.

    The call counts as activity and against the daily API allocation. Raises what
    ``Transport.send`` raises, and AnswerInvalidError for a 200 that is not JSON.
    """
    answer = await transport.send(
        "GET",
        f"{token.instance_url}/services/data/v{api_version}/limits",
        headers=_headers(transport, token),
    )
    if answer.status == 200:
        usage = _usage(answer, _object(answer))
        return Proof(verdict=Verdict.ALIVE, verifier=Verifier.LIMITS, api_usage=usage)
    return _judged_refusal(answer, token)


async def verify_by_userinfo(transport: Transport, token: AccessToken) -> Proof:
    """Return what the userinfo endpoint says of *token* (OpenID Connect Core, section 5.3).

    DEAD may also mean a missing scope: it counts only for a token that once passed. Raises
    as ``verify_by_limits`` does.
    """
    answer = await transport.send(
        "GET",
        f"{token.instance_url}/services/oauth2/userinfo",
        headers=_headers(transport, token),
    )
    if answer.status == 200:
        name = text_of(_object(answer), "preferred_username")
        username = name if name.isprintable() and len(name) <= _LONGEST_USERNAME else ""
        return Proof(verdict=Verdict.ALIVE, verifier=Verifier.USERINFO, username=username)
    is_bad = answer.status == 403 and b"Bad_OAuth_Token" in answer.body[:1000]
    text = cleaned(answer.body[:1000].decode(errors="replace"), [token.value])
    return Proof(
        verdict=Verdict.DEAD if is_bad else Verdict.UNDECIDABLE,
        verifier=Verifier.USERINFO,
        message=f"{answer.host} answered userinfo with status {answer.status}: {text}",
    )


async def newest_api_version(transport: Transport, instance_url: str) -> str:
    """Return the newest REST API version of the org, like ``65.0``; needs no token.

    Raises what ``Transport.send`` raises, and AnswerInvalidError if the answer has no version.
    """
    answer = await transport.send("GET", f"{instance_url.rstrip('/')}/services/data/")
    listed = (text_of(item, "version") for item in objects_in(answer) if answer.status == 200)
    versions = [version for version in listed if _API_VERSION.fullmatch(version)]
    if not versions:
        raise AnswerInvalidError(f"{answer.host} did not return its REST API versions.")
    return max(versions, key=float)


def _headers(transport: Transport, token: AccessToken) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token.value}",
        "Accept": "application/json",
        "Sforce-Call-Options": f"client={transport.user_agent}",
    }


def _object(answer: Answer) -> Mapping[str, object]:
    found = object_in(answer)
    if found is None:
        raise AnswerInvalidError(f"{answer.host} answered a verification with no JSON object.")
    return found


def _judged_refusal(answer: Answer, token: AccessToken) -> Proof:
    first = next(iter(objects_in(answer)), {})
    code, text = text_of(first, "errorCode"), text_of(first, "message")
    is_dead = answer.status == 401 and _is_ended(code, text, token)
    quoted = cleaned(f"{code}: {text}" if code else "no error that can be read", [token.value])
    return Proof(
        verdict=Verdict.DEAD if is_dead else Verdict.UNDECIDABLE,
        verifier=Verifier.LIMITS,
        message=f"{answer.host} answered limits with status {answer.status}: {quoted}",
        api_usage=1.0 if code == "REQUEST_LIMIT_EXCEEDED" else None,
    )


def _is_ended(code: str, text: str, token: AccessToken) -> bool:
    if code in _DEATHS_OF_A_JWT:
        return token.value.startswith(_JSON)
    return code == "INVALID_SESSION_ID" and any(death in text.lower() for death in _DEATHS)


def _usage(answer: Answer, limits: Mapping[str, object]) -> float | None:
    """Return the share of the daily API requests that is used, 0..1; None if it is not reported."""
    usage = _USAGE.search(answer.headers.get("Sforce-Limit-Info", ""))
    if usage:
        return _share(int(usage[1]), int(usage[2]))
    daily = limits.get("DailyApiRequests")
    if not isinstance(daily, dict):
        return None
    most, left = daily.get("Max"), daily.get("Remaining")
    if not isinstance(most, int) or not isinstance(left, int):
        return None
    return _share(most - left, most)


def _share(used: int, most: int) -> float | None:
    return min(max(used / most, 0.0), 1.0) if most > 0 else None
