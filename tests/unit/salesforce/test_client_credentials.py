import json
import traceback

import pytest

from support.loopback import NOON
from support.wire import TOKEN, Wire
from token_operator.domain.failures import (
    ClientCredentialsInvalidError,
    FailureError,
    HostNotAllowedError,
    RunAsUserMissingError,
    WrongDomainError,
)
from token_operator.salesforce.grants import ClientCredentialsRequest, mint_with_client_credentials
from token_operator.salesforce.hosts import AllowedHosts

REQUEST = ClientCredentialsRequest(
    login_url="https://acme.my.salesforce.com",
    consumer_key="3MVG9.MARKED-consumer",
    consumer_secret="MARKED-secret",
)


def request_to(wire: Wire) -> ClientCredentialsRequest:
    return ClientCredentialsRequest(
        login_url=wire.server.url,
        consumer_key=REQUEST.consumer_key,
        consumer_secret=REQUEST.consumer_secret,
    )


async def refusal(wire: Wire, code: str, description: str) -> FailureError:
    wire.server.answer(400, json.dumps({"error": code, "error_description": description}))
    with pytest.raises(FailureError) as caught:
        await mint_with_client_credentials(
            wire.transport, request_to(wire), now=NOON, hosts=wire.hosts
        )
    return caught.value


async def test_consumer_key_and_secret_are_exchanged_for_a_token(wire: Wire) -> None:
    wire.server.answer(200, json.dumps({"access_token": TOKEN, "instance_url": wire.server.url}))

    token = await mint_with_client_credentials(
        wire.transport, request_to(wire), now=NOON, hosts=wire.hosts
    )

    assert token.value == TOKEN
    assert wire.server.requests[0].line == "POST /services/oauth2/token HTTP/1.1"
    assert wire.server.requests[0].form() == {
        "grant_type": "client_credentials",
        "client_id": REQUEST.consumer_key,
        "client_secret": REQUEST.consumer_secret,
    }


@pytest.mark.parametrize(
    ("code", "description", "failure"),
    [
        ("invalid_client", "invalid client credentials", ClientCredentialsInvalidError),
        ("invalid_grant", "no client credentials user enabled", RunAsUserMissingError),
        ("invalid_grant", "request not supported on this domain", WrongDomainError),
    ],
)
async def test_a_refusal_is_told_as_this_grant_means_it(
    wire: Wire, code: str, description: str, failure: type[FailureError]
) -> None:
    assert type(await refusal(wire, code, description)) is failure


async def test_nothing_is_sent_to_a_host_that_is_not_allowed(wire: Wire) -> None:
    with pytest.raises(HostNotAllowedError):
        await mint_with_client_credentials(
            wire.transport, request_to(wire), now=NOON, hosts=AllowedHosts()
        )

    assert wire.server.requests == []


async def test_no_secret_is_in_a_failure(wire: Wire) -> None:
    found = await refusal(wire, "odd", f"{REQUEST.consumer_key} and {REQUEST.consumer_secret}")

    text = "".join(traceback.format_exception(found)) + repr(found) + found.sentence()
    assert "MARKED" not in text
    assert "odd: [removed] and [removed]" in found.message


def test_a_request_cannot_be_printed() -> None:
    assert "MARKED" not in repr(REQUEST)
