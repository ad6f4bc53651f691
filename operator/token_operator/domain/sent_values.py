"""What a refusal says of the values that were sent: where they are read from, never a secret.

A value that was read by reference may be anybody's password; the connection's author may not
be allowed to read it. So its Secret and entry are named in its place.
"""

from collections.abc import Iterator

from token_operator.domain.connection import Auth, Org
from token_operator.domain.failures import FailureError, Sent, UserNotApprovedError
from token_operator.domain.sources import EntryRef, Value


def naming_sent_values(failure: FailureError, org: Org, auth: Auth) -> FailureError:
    """Return *failure* with the values that it may be about named in its message.

    A username that the connection shows is named itself; *failure* is returned as it is where
    there is nothing to add.
    """
    added = " ".join(_sentences(failure, org, auth))
    if not added:
        return failure
    return type(failure)(
        f"{failure.message} {added}", remedy=failure.advice, retry_after=failure.retry_after
    )


def _sentences(failure: FailureError, org: Org, auth: Auth) -> Iterator[str]:
    username = auth.grant.username
    if Sent.USERNAME in failure.about and isinstance(username, str) and username:
        yield f"The username is {username}."
    for sent, name, value in _values(auth):
        if sent in failure.about and isinstance(value, EntryRef):
            yield f"The {name} is read from entry {value.key} of Secret {value.name}."
    if isinstance(failure, UserNotApprovedError):
        yield f"The login URL is {org.login_url}."


def _values(auth: Auth) -> tuple[tuple[Sent, str, Value | None], ...]:
    return (
        (Sent.USERNAME, "username", auth.grant.username),
        (Sent.CONSUMER_KEY, "consumer key", auth.consumer_key),
        (Sent.CONSUMER_SECRET, "consumer secret", auth.grant.consumer_secret),
        (Sent.REFRESH_TOKEN, "refresh token", auth.grant.stored_token),
    )
