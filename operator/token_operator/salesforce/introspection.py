"""What the org says of a token to the app it was issued to (RFC 7662)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from token_operator.domain.failures import (
    AnswerInvalidError,
    ClientCredentialsInvalidError,
    FailureError,
)
from token_operator.domain.token import AccessToken
from token_operator.salesforce.json_body import object_in, seconds_of, text_of
from token_operator.salesforce.transport import Answer, Transport
from token_operator.salesforce.wording import cleaned

_INTROSPECT_PATH: Final = "/services/oauth2/introspect"
# An expiry farther away than that is a mistake of the sender.
_LONGEST_LIFE: Final = timedelta(days=3650)
# Salesforce allows 80; the rest is courtesy.
_LONGEST_USERNAME: Final = 255
_REFUSED_CREDENTIALS: Final = frozenset(
    {"invalid_client", "invalid_client_id", "invalid_client_credentials"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The app that asks: its consumer key and consumer secret."""

    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Introspection:
    """What introspection returned for a token.

    Not active is no proof of a death: an app without the right to introspect gets the same answer.
    """

    active: bool
    # By our clock, aware, UTC; activity of the session moves it. None if it is not returned.
    expires_at: datetime | None = None
    username: str = ""
    scopes: tuple[str, ...] = ()


async def introspect(
    transport: Transport, token: AccessToken, *, base_url: str, app: App
) -> Introspection:
    """Return what the org at *base_url* (instance or login URL) says of *token*.

    Raises ClientCredentialsInvalidError where the app is refused, AnswerInvalidError for any
    other refusal, and what ``Transport.send`` raises.
    """
    answer = await transport.send(
        "POST",
        f"{base_url.rstrip('/')}{_INTROSPECT_PATH}",
        headers={"Accept": "application/json"},
        form={
            "token": token.value,
            "token_type_hint": "access_token",
            "client_id": app.consumer_key,
            "client_secret": app.consumer_secret,
        },
    )
    found = object_in(answer)
    active = found.get("active") if found is not None and answer.status == 200 else None
    if found is None or not isinstance(active, bool):
        raise _refusal(answer, (token.value, app.consumer_key, app.consumer_secret))
    name = text_of(found, "username")
    return Introspection(
        active=active,
        expires_at=_expiry(
            seconds_of(found, "exp"), answer.received_at, transport.offsets.of(answer.host)
        ),
        username=name if name.isprintable() and len(name) <= _LONGEST_USERNAME else "",
        scopes=tuple(scope for scope in text_of(found, "scope").split() if scope.isprintable()),
    )


def _expiry(claimed: float, now: datetime, offset: timedelta) -> datetime | None:
    if not 0 < claimed <= (now + offset + _LONGEST_LIFE).timestamp():
        return None
    return datetime.fromtimestamp(claimed, UTC) - offset


def _refusal(answer: Answer, secrets: tuple[str, ...]) -> FailureError:
    found = object_in(answer) or {}
    code = text_of(found, "error")
    if answer.status == 401 or (answer.status == 400 and code in _REFUSED_CREDENTIALS):
        return ClientCredentialsInvalidError(
            f"{answer.host} refused consumer key and consumer secret for the introspection."
        )
    quoted = cleaned(f"{code}: {text_of(found, 'error_description')}", secrets)
    return AnswerInvalidError(
        f"{answer.host} answered the introspection with status {answer.status} ({quoted}).",
        remedy="The operator goes on without; see whether the app may introspect its tokens.",
    )
