"""One login as the operator makes it, to see whether it works; nothing is written."""

from token_operator.domain.connection import Connection
from token_operator.domain.sources import EntryRef
from token_operator.domain.token import AccessToken
from token_operator.salesforce.credentials import Credentials
from token_operator.salesforce.minting import Attempt


def single_login(
    connection: Connection, credentials: Credentials, *, last_audience: str = "", last_key: str = ""
) -> Attempt:
    """Return an attempt with *credentials*, of a connection that stores no refresh token."""
    return Attempt(
        org=connection.org,
        auth=connection.auth,
        credentials=credentials,
        last_audience=last_audience,
        last_key=last_key,
        count=_count_nothing,
        refresh=_refresh_nothing,
    )


def _count_nothing() -> None:
    """Count no login: the plugin has no budget."""


async def _refresh_nothing(ref: EntryRef) -> AccessToken:
    """Refuse to send a refresh token, which may be good once."""
    raise TypeError(f"entry {ref.key} is not to be sent")
