import json
import traceback
from datetime import timedelta

import pytest

from support.loopback import NOON
from support.wire import TOKEN, Wire
from token_operator.domain.failures import (
    AnswerInvalidError,
    ClientCredentialsInvalidError,
    FailureError,
    SalesforceUnavailableError,
)
from token_operator.salesforce.introspection import App, Introspection, introspect

APP = App(consumer_key="3MVG9.MARKED-consumer", consumer_secret="MARKED-secret")
HOUR = timedelta(hours=1)


async def told(wire: Wire, **members: object) -> Introspection:
    wire.server.answer(200, json.dumps(members))
    return await introspect(wire.transport, wire.token(), base_url=wire.server.url + "/", app=APP)


async def refusal(wire: Wire, status: int, body: str) -> FailureError:
    wire.server.answer(status, body)
    with pytest.raises(FailureError) as caught:
        await introspect(wire.transport, wire.token(), base_url=wire.server.url, app=APP)
    assert "MARKED" not in "".join(traceback.format_exception(caught.value))
    assert "MARKED" not in caught.value.sentence()
    return caught.value


async def test_an_active_token_is_told_with_expiry_user_and_scopes(wire: Wire) -> None:
    found = await told(
        wire, active=True, exp=(NOON + HOUR).timestamp(), username="u@acme.example", scope="api id"
    )

    assert found == Introspection(
        active=True, expires_at=NOON + HOUR, username="u@acme.example", scopes=("api", "id")
    )
    assert wire.server.requests[0].line == "POST /services/oauth2/introspect HTTP/1.1"
    assert wire.server.requests[0].form() == {
        "token": TOKEN,
        "token_type_hint": "access_token",
        "client_id": APP.consumer_key,
        "client_secret": APP.consumer_secret,
    }


async def test_an_inactive_token_is_told(wire: Wire) -> None:
    assert await told(wire, active=False) == Introspection(active=False)


@pytest.mark.parametrize("exp", [0, -1, "soon", True, None, 1e30, 10**12])
async def test_an_expiry_that_is_no_instant_is_none(wire: Wire, exp: object) -> None:
    assert (await told(wire, active=True, exp=exp)).expires_at is None


@pytest.mark.parametrize("username", ["a\nb", "a" * 256, 7])
async def test_a_username_that_is_none_is_left_out(wire: Wire, username: object) -> None:
    assert (await told(wire, active=True, username=username)).username == ""


async def test_the_expiry_is_told_by_our_clock(wire: Wire) -> None:
    body = json.dumps({"active": True, "exp": (NOON + 2 * HOUR).timestamp()})
    wire.server.answer(200, body, Date="Tue, 24 Nov 2026 13:00:00 GMT")

    found = await introspect(wire.transport, wire.token(), base_url=wire.server.url, app=APP)

    assert found.expires_at == NOON + HOUR


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, ""),
        (401, json.dumps({"error": "invalid_client"})),
        (400, json.dumps({"error": "invalid_client", "error_description": "MARKED-secret"})),
        (400, json.dumps({"error": "invalid_client_id"})),
    ],
)
async def test_a_refused_app_is_said(wire: Wire, status: int, body: str) -> None:
    assert type(await refusal(wire, status, body)) is ClientCredentialsInvalidError


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>"),
        (200, "[]"),
        (200, json.dumps({"active": "yes"})),
        (400, json.dumps({"error": "odd", "error_description": f"{TOKEN} MARKED-secret"})),
        (404, ""),
    ],
)
async def test_any_other_answer_is_invalid(wire: Wire, status: int, body: str) -> None:
    assert type(await refusal(wire, status, body)) is AnswerInvalidError


async def test_an_outage_is_raised(wire: Wire) -> None:
    assert isinstance(await refusal(wire, 503, ""), SalesforceUnavailableError)


def test_an_app_cannot_be_printed() -> None:
    assert "MARKED" not in repr(APP)
