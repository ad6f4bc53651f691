import json

import pytest

from support.wire import TOKEN, Wire
from token_operator.domain.failures import AnswerInvalidError, SalesforceUnavailableError
from token_operator.salesforce.revocation import revoke


async def test_a_token_is_revoked_by_a_form(wire: Wire) -> None:
    wire.server.answer(200)

    assert await revoke(wire.transport, TOKEN, base_url=wire.server.url + "/")
    assert wire.server.requests[0].line == "POST /services/oauth2/revoke HTTP/1.1"
    assert wire.server.requests[0].form() == {"token": TOKEN}


async def test_a_token_that_was_gone_already_is_no_failure(wire: Wire) -> None:
    wire.server.answer(400, json.dumps({"error": "invalid_token"}))

    assert not await revoke(wire.transport, TOKEN, base_url=wire.server.url)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, json.dumps({"error": "unsupported_token_type", "error_description": TOKEN})),
        (403, json.dumps({"error": "invalid_token"})),
        (404, "<html>"),
    ],
)
async def test_any_other_refusal_is_raised_without_the_token(
    wire: Wire, status: int, body: str
) -> None:
    wire.server.answer(status, body)

    with pytest.raises(AnswerInvalidError, match=str(status)) as caught:
        await revoke(wire.transport, TOKEN, base_url=wire.server.url)
    assert "MARKED" not in caught.value.sentence()


async def test_an_outage_is_raised(wire: Wire) -> None:
    wire.server.answer(503)

    with pytest.raises(SalesforceUnavailableError):
        await revoke(wire.transport, TOKEN, base_url=wire.server.url)
