"""What all grants have in common: a form to the token endpoint, and what must not show of it."""

from collections.abc import Mapping
from typing import Final

from token_operator.domain.grants import GrantName
from token_operator.salesforce.hosts import AllowedHosts
from token_operator.salesforce.json_body import object_in, text_of
from token_operator.salesforce.refusals import HIDDEN_CONSUMER_KEY, LoginContext
from token_operator.salesforce.transport import TOKEN_PATH, Answer, Transport

LONGEST_REFRESH_TOKEN: Final = 4096


async def send_login(
    transport: Transport, login_url: str, form: Mapping[str, str], *, hosts: AllowedHosts
) -> Answer:
    """Return the answer of the token endpoint of *login_url* to *form*.

    Raises HostNotAllowedError before anything is sent, what ``Transport.send`` raises after.
    """
    hosts.check_login_url(login_url)
    return await transport.send(
        "POST",
        f"{login_url.rstrip('/')}{TOKEN_PATH}",
        headers={"Accept": "application/json"},
        form=form,
    )


def context_of(
    login_url: str,
    grant: GrantName,
    *,
    consumer_key: str,
    consumer_key_is_public: bool,
    secrets: tuple[str, ...],
) -> LoginContext:
    """Return what a refusal is reported with; a consumer key that is not public is a secret."""
    hidden = () if consumer_key_is_public else (consumer_key,)
    return LoginContext(
        login_url=login_url,
        grant=grant,
        shown_consumer_key=consumer_key if consumer_key_is_public else HIDDEN_CONSUMER_KEY,
        secrets=(*secrets, *hidden),
    )


def refresh_token_in(answer: Answer) -> str:
    """Return the refresh token in the answer to a login; empty where there is no usable one."""
    found = text_of(object_in(answer) or {}, "refresh_token") if answer.status == 200 else ""
    is_usable = found.isascii() and found.isprintable() and len(found) <= LONGEST_REFRESH_TOKEN
    return found if is_usable else ""
