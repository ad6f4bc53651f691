"""The end of a token, for everybody that holds it (RFC 7009)."""

from typing import Final

from token_operator.domain.failures import AnswerInvalidError
from token_operator.salesforce.json_body import object_in, text_of
from token_operator.salesforce.transport import Transport
from token_operator.salesforce.wording import cleaned

_REVOKE_PATH: Final = "/services/oauth2/revoke"


async def revoke(transport: Transport, value: str, *, base_url: str) -> bool:
    """Revoke the token *value* at *base_url* (instance or login URL).

    Return True if it ends now, False if it was gone already. Raises what ``Transport.send``
    raises, and AnswerInvalidError for any other refusal.
    """
    answer = await transport.send(
        "POST", f"{base_url.rstrip('/')}{_REVOKE_PATH}", form={"token": value}
    )
    if answer.status == 200:
        return True
    found = object_in(answer) or {}
    code = text_of(found, "error")
    if answer.status == 400 and code == "invalid_token":
        return False
    quoted = cleaned(f"{code}: {text_of(found, 'error_description')}", [value])
    raise AnswerInvalidError(
        f"{answer.host} refused to revoke the token, status {answer.status} ({quoted})."
    )
