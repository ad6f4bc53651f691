"""The answer to a login, made into an access token (RFC 6749, section 5.1).

Nothing of it is trusted: the required members are checked, optional ones of a
wrong type count as absent, and a control character anywhere refuses the answer.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from token_operator.domain.failures import AnswerInvalidError, DPoPRequiredError
from token_operator.domain.jwt_claims import claimed_expiry
from token_operator.domain.org_identity import OrgIdentity
from token_operator.domain.token import AccessToken, ExpirySource
from token_operator.salesforce.hosts import AllowedHosts
from token_operator.salesforce.json_body import object_in, seconds_of, text_of
from token_operator.salesforce.refusals import LoginContext, login_error
from token_operator.salesforce.transport import Answer

# A Kubernetes Secret holds 1 MiB, a request header of Salesforce 16 KiB.
LONGEST_MEMBER: Final = 16 * 1024
# An expiry farther away than that is a mistake of the sender.
_LONGEST_LIFE: Final = timedelta(days=3650)
_TOKEN: Final = re.compile(r"[!-~]+")
_TOKEN_TYPE: Final = re.compile(r"[A-Za-z][A-Za-z-]{0,31}")
_URL: Final = re.compile(r"https://[!-~]{1,2000}")
_SALESFORCE_ID: Final = "[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?"
_IDENTITY: Final = re.compile(rf"/id/(?P<org>{_SALESFORCE_ID})/(?P<user>{_SALESFORCE_ID})/?$")
_OPAQUE: Final = re.compile(r"(?P<org>00D[A-Za-z0-9]{12})!")
_READ: Final = (
    "access_token",
    "instance_url",
    "token_type",
    "scope",
    "id",
    "sfdc_community_url",
    "api_instance_url",
)


# They are published, and clients send the token there.
_URLS: Final = ("id", "sfdc_community_url", "api_instance_url")


def token_from_answer(
    answer: Answer,
    *,
    now: datetime,
    offset: timedelta,
    context: LoginContext,
    hosts: AllowedHosts,
) -> AccessToken:
    """Return the token in the answer to a login sent at the local instant *now*.

    *offset* is the org's time less ours. Raises the failure of a refusal, AnswerInvalidError
    for an answer without a token, HostNotAllowedError for a URL of a foreign host in it,
    DPoPRequiredError for a token that needs a proof (RFC 9449).
    """
    if answer.status != 200:
        raise login_error(answer, context)
    found = _checked_members(answer)
    if text_of(found, "token_type").lower() == "dpop":
        raise DPoPRequiredError(f"{answer.host} answered with a token of type DPoP.")
    instance_url = text_of(found, "instance_url").rstrip("/")
    hosts.check_instance_url(instance_url)
    for member in _URLS:
        url = _matching(_URL, text_of(found, member))
        if url:
            hosts.check_answered_url(member, url)
    value = text_of(found, "access_token")
    expiry, source = _expiry(found, value, now=now, offset=offset)
    return AccessToken(
        value=value,
        identity=_identity(found, value, instance_url),
        scopes=tuple(text_of(found, "scope").split()),
        fixed_expiry=expiry,
        expiry_source=source,
    )


def _checked_members(answer: Answer) -> Mapping[str, object]:
    found = object_in(answer)
    if found is None:
        raise AnswerInvalidError(f"{answer.host} returned a non-JSON login response.")
    for name in _READ:
        text = text_of(found, name)
        if len(text) > LONGEST_MEMBER or (text and not text.isprintable()):
            raise AnswerInvalidError(
                f"{answer.host} answered the login with an unusable {name} "
                "(longer than 16 KiB, or with control characters)."
            )
    for name in ("access_token", "instance_url"):
        if not _TOKEN.fullmatch(text_of(found, name)):
            raise AnswerInvalidError(f"{answer.host} answered the login without a usable {name}.")
    return found


def _identity(found: Mapping[str, object], token: str, instance_url: str) -> OrgIdentity:
    org_id, user_id = _ids(text_of(found, "id"), token)
    return OrgIdentity(
        instance_url=instance_url,
        org_id=org_id,
        user_id=user_id,
        identity_url=_matching(_URL, text_of(found, "id")),
        community_url=_matching(_URL, text_of(found, "sfdc_community_url")),
        api_instance_url=_matching(_URL, text_of(found, "api_instance_url")),
        token_type=_matching(_TOKEN_TYPE, text_of(found, "token_type")) or "Bearer",
    )


def _matching(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else ""


def _ids(identity_url: str, token: str) -> tuple[str, str]:
    """Return the ids of org and user; an opaque token begins with its org's."""
    found = _IDENTITY.search(identity_url)
    if found:
        return found["org"], found["user"]
    opaque = _OPAQUE.match(token)
    return (opaque["org"] if opaque else ""), ""


def _expiry(
    found: Mapping[str, object], token: str, *, now: datetime, offset: timedelta
) -> tuple[datetime | None, ExpirySource]:
    lifetime = seconds_of(found, "expires_in")
    if 0 < lifetime <= _LONGEST_LIFE.total_seconds():
        return now + timedelta(seconds=lifetime), ExpirySource.RESPONSE
    claimed = claimed_expiry(token)
    if claimed is not None and claimed - offset <= now + _LONGEST_LIFE:
        return claimed - offset, ExpirySource.TOKEN_CLAIM
    return None, ExpirySource.CONFIGURED
