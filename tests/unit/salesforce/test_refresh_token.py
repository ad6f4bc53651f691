import dataclasses
import json
import traceback

import pytest

from support.loopback import NOON
from support.wire import TOKEN, Wire
from token_operator.domain.failures import (
    AnswerInvalidError,
    FailureClass,
    FailureError,
    HostNotAllowedError,
    NetworkError,
    RefreshTokenExpiredError,
    RetryRequestedError,
)
from token_operator.domain.token import AccessToken
from token_operator.salesforce.grants import (
    Refreshed,
    RefreshOutcomeUnknownError,
    RefreshTokenRequest,
    mint_with_refresh_token,
)
from token_operator.salesforce.hosts import AllowedHosts

REQUEST = RefreshTokenRequest(
    login_url="https://acme.my.salesforce.com",
    consumer_key="3MVG9.MARKED-consumer",
    refresh_token="5Aep.MARKED-old",
    consumer_secret="MARKED-secret",
)
NEXT = "5Aep.MARKED-next"


async def refreshed(
    wire: Wire, *, login_url: str = "", consumer_secret: str = REQUEST.consumer_secret
) -> Refreshed:
    request = dataclasses.replace(
        REQUEST, login_url=login_url or wire.server.url, consumer_secret=consumer_secret
    )
    return await mint_with_refresh_token(wire.transport, request, now=NOON, hosts=wire.hosts)


async def refusal(wire: Wire, *, login_url: str = "") -> FailureError:
    with pytest.raises(FailureError) as caught:
        await refreshed(wire, login_url=login_url)
    text = "".join(traceback.format_exception(caught.value)) + caught.value.sentence()
    assert "MARKED" not in text
    return caught.value


def answer(wire: Wire, **more: str) -> None:
    found = {"access_token": TOKEN, "instance_url": wire.server.url} | more
    wire.server.answer(200, json.dumps(found))


async def test_a_refresh_token_is_exchanged_for_an_access_token(wire: Wire) -> None:
    answer(wire)

    found = await refreshed(wire)

    assert isinstance(found.token, AccessToken)
    assert found.token.value == TOKEN
    assert found.rotated_refresh_token == ""
    assert wire.server.requests[0].line == "POST /services/oauth2/token HTTP/1.1"
    assert wire.server.requests[0].form() == {
        "grant_type": "refresh_token",
        "client_id": REQUEST.consumer_key,
        "client_secret": REQUEST.consumer_secret,
        "refresh_token": REQUEST.refresh_token,
    }


async def test_no_consumer_secret_is_sent_where_there_is_none(wire: Wire) -> None:
    answer(wire)

    await refreshed(wire, consumer_secret="")

    assert "client_secret" not in wire.server.requests[0].form()


@pytest.mark.parametrize(
    ("told", "rotated"),
    [
        pytest.param(NEXT, NEXT, id="another one"),
        pytest.param(REQUEST.refresh_token, "", id="the same"),
        pytest.param("A" * 4097, "", id="too long"),
        pytest.param("5Aep\n", "", id="not printable"),
        pytest.param("5Aepä", "", id="not ASCII"),
    ],
)
async def test_a_rotated_refresh_token_is_told(wire: Wire, told: str, rotated: str) -> None:
    answer(wire, refresh_token=told)

    assert (await refreshed(wire)).rotated_refresh_token == rotated


async def test_a_rotated_refresh_token_is_told_even_where_the_rest_is_refused(wire: Wire) -> None:
    answer(wire, refresh_token=NEXT, instance_url="https://evil.example")

    found = await refreshed(wire)

    assert isinstance(found.token, HostNotAllowedError)
    assert found.rotated_refresh_token == NEXT


async def test_an_answer_that_is_refused_without_rotation_is_a_failure(wire: Wire) -> None:
    answer(wire, instance_url="https://evil.example")

    assert type(await refusal(wire)) is HostNotAllowedError


async def test_a_refresh_token_that_was_used_before_is_terminal(wire: Wire) -> None:
    body = {"error": "invalid_grant", "error_description": "expired access/refresh token"}
    wire.server.answer(400, json.dumps(body))

    assert type(await refusal(wire)) is RefreshTokenExpiredError


async def test_a_refresh_that_another_one_overtook_is_tried_again(wire: Wire) -> None:
    body = "token request is already being processed"
    wire.server.answer(400, json.dumps({"error": "invalid_grant", "error_description": body}))

    assert type(await refusal(wire)) is RetryRequestedError


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        pytest.param(b"", "reset", id="the connection was reset"),
        pytest.param(b"HTTP/1.1 504 No\r\nContent-Length: 0\r\n\r\n", "504", id="a gateway"),
        pytest.param(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "500", id="a server error"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}}", "JSON", id="no JSON"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "cannot be reached", id="a cut answer"
        ),
        pytest.param(None, "no answer in time", id="a timeout"),
    ],
)
async def test_a_lost_answer_says_that_its_outcome_is_unknown(
    wire: Wire, reply: bytes | None, words: str
) -> None:
    wire.server.reply = reply

    found = await refusal(wire)

    assert isinstance(found, RefreshOutcomeUnknownError)
    assert found.failure_class is FailureClass.TRANSIENT
    assert words in found.message
    assert "used up" in found.advice
    assert len(wire.server.requests) == 1


@pytest.mark.parametrize("status", [503, 429])
async def test_a_request_that_was_turned_away_leaves_nothing_unknown(
    wire: Wire, status: int
) -> None:
    wire.server.answer(status)

    assert not isinstance(await refusal(wire), RefreshOutcomeUnknownError)


async def test_a_refresh_that_was_never_sent_leaves_nothing_unknown(wire: Wire) -> None:
    wire.hosts = AllowedHosts(["127.0.0.1:1"])

    assert type(await refusal(wire, login_url="https://127.0.0.1:1")) is NetworkError


async def test_a_page_of_a_proxy_leaves_nothing_unknown(wire: Wire) -> None:
    wire.server.answer(403, "<html>")

    assert type(await refusal(wire)) is AnswerInvalidError


def test_what_holds_refresh_tokens_cannot_be_printed() -> None:
    failure = AnswerInvalidError("no")
    found = Refreshed(token=failure, rotated_refresh_token=NEXT)

    assert "MARKED" not in repr((REQUEST, found))
