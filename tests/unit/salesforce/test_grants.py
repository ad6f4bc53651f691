import json
import traceback
from datetime import timedelta

import jwt
import pytest

from support import key_samples
from support.loopback import NOON
from support.wire import TOKEN, Wire
from token_operator.domain.failures import (
    FailureError,
    HostNotAllowedError,
    LoginRateExceededError,
    UserNotApprovedError,
)
from token_operator.domain.sources import KeySource
from token_operator.salesforce.grants import JWTBearerRequest, mint_with_jwt_bearer
from token_operator.salesforce.hosts import AllowedHosts
from token_operator.salesforce.keys.loading import KeyMaterial, load_local_key

CONSUMER_KEY = "3MVG9.MARKED-consumer"
USERNAME = "MARKED-user@acme.example"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def request_to(login_url: str, *, public: bool = False) -> JWTBearerRequest:
    source = KeySource(secret_name="crm-key")
    entries = {"tls.key": key_samples.pkcs8()}
    return JWTBearerRequest(
        login_url=login_url,
        audience="https://login.salesforce.com",
        consumer_key=CONSUMER_KEY,
        username=USERNAME,
        signer=load_local_key(KeyMaterial(secret_name="crm-key", entries=entries, source=source)),
        consumer_key_is_public=public,
        username_is_public=public,
    )


async def refusal(wire: Wire, *, public: bool = False) -> FailureError:
    with pytest.raises(FailureError) as caught:
        await mint_with_jwt_bearer(
            wire.transport, request_to(wire.server.url, public=public), now=NOON, hosts=wire.hosts
        )
    return caught.value


async def test_an_assertion_is_exchanged_for_a_token(wire: Wire) -> None:
    wire.server.answer(200, json.dumps({"access_token": TOKEN, "instance_url": wire.server.url}))

    token = await mint_with_jwt_bearer(
        wire.transport, request_to(wire.server.url + "/"), now=NOON, hosts=wire.hosts
    )

    seen = wire.server.requests[0]
    assert seen.line == "POST /services/oauth2/token HTTP/1.1"
    assert seen.headers["accept"] == "application/json"
    assert set(seen.form()) == {"grant_type", "assertion"}
    assert seen.form()["grant_type"] == GRANT
    assert token.value == TOKEN


async def test_the_assertion_is_made_for_the_clock_of_the_org(wire: Wire) -> None:
    wire.server.answer(400, b"{}", Date="Tue, 24 Nov 2026 13:00:00 GMT")

    await refusal(wire)
    await refusal(wire)

    expiries = [
        jwt.decode(seen.form()["assertion"], options={"verify_signature": False})["exp"]
        for seen in wire.server.requests
    ]
    assert expiries == [NOON.timestamp() + 180, NOON.timestamp() + 3600 + 180]


async def test_nothing_is_sent_to_a_host_that_is_not_allowed(wire: Wire) -> None:
    with pytest.raises(HostNotAllowedError):
        await mint_with_jwt_bearer(
            wire.transport, request_to(wire.server.url), now=NOON, hosts=AllowedHosts()
        )

    assert wire.server.requests == []


async def test_a_hostile_instance_url_is_refused(wire: Wire) -> None:
    wire.server.answer(200, json.dumps({"access_token": TOKEN, "instance_url": "https://evil.com"}))

    assert isinstance(await refusal(wire), HostNotAllowedError)


async def test_values_that_came_by_reference_are_in_no_failure(wire: Wire) -> None:
    wire.server.answer(
        400,
        json.dumps({"error": "odd", "error_description": f"{CONSUMER_KEY} and {USERNAME}"}),
    )

    found = await refusal(wire)

    text = "".join(traceback.format_exception(found)) + repr(found) + found.sentence()
    assert "MARKED" not in text
    assert "odd: [removed] and [removed]" in found.message


async def test_an_echoed_assertion_is_in_no_failure(wire: Wire) -> None:
    wire.server.answer(400, b"{}")
    await refusal(wire)
    assertion = wire.server.requests[0].form()["assertion"]
    wire.server.answer(400, json.dumps({"error": "odd", "error_description": f"<{assertion}>"}))

    found = await refusal(wire)

    assert "eyJ" not in found.sentence()
    assert assertion.split(".")[2][:20] not in found.sentence()


async def test_a_public_consumer_key_is_in_the_approval_url(wire: Wire) -> None:
    body = {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}
    wire.server.answer(400, json.dumps(body))

    found = await refusal(wire, public=True)
    hidden = await refusal(wire)

    assert isinstance(found, UserNotApprovedError)
    assert f"client_id={CONSUMER_KEY}" in found.advice
    assert "client_id=<consumer key>" in hidden.advice
    assert "MARKED" not in hidden.sentence()


async def test_too_many_logins_keep_the_time_to_wait(wire: Wire) -> None:
    wire.server.answer(429, b"", Retry_After="7")

    found = await refusal(wire)

    assert isinstance(found, LoginRateExceededError)
    assert found.retry_after == timedelta(seconds=7)


def test_a_request_cannot_be_printed() -> None:
    assert "MARKED" not in repr(request_to("https://login.salesforce.com", public=True))
