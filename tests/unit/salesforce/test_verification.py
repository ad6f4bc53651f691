import json
from dataclasses import replace

import pytest

from support.wire import AGENT, TOKEN, Wire
from token_operator.domain.failures import (
    AnswerInvalidError,
    FailureError,
    RequestRateExceededError,
    SalesforceUnavailableError,
)
from token_operator.domain.token import Proof, Verdict, Verifier
from token_operator.salesforce.verification import (
    newest_api_version,
    verify_by_limits,
    verify_by_userinfo,
)

LIMITS = json.dumps({"DailyApiRequests": {"Max": 15000, "Remaining": 12000}})


async def by_limits(wire: Wire) -> Proof:
    return await verify_by_limits(wire.transport, wire.token(), api_version="65.0")


async def by_userinfo(wire: Wire) -> Proof:
    return await verify_by_userinfo(wire.transport, wire.token())


def rest_error(code: str, message: str) -> str:
    return json.dumps([{"message": message, "errorCode": code}])


async def test_a_token_that_reads_the_limits_is_alive(wire: Wire) -> None:
    wire.server.answer(200, LIMITS, Sforce_Limit_Info="api-usage=1500/15000")

    found = await by_limits(wire)

    assert found == Proof(verdict=Verdict.ALIVE, verifier=Verifier.LIMITS, api_usage=0.1)
    seen = wire.server.requests[0]
    assert seen.line == "GET /services/data/v65.0/limits HTTP/1.1"
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"
    assert seen.headers["sforce-call-options"] == f"client={AGENT}"


@pytest.mark.parametrize(
    ("header", "body", "usage"),
    [
        pytest.param("", LIMITS, 0.2, id="from the body"),
        pytest.param(
            "per-app-api-usage=17/250(appName=x); api-usage=5/10", LIMITS, 0.5, id="second"
        ),
        pytest.param("per-app-api-usage=17/250", LIMITS, 0.2, id="of the app only"),
        pytest.param("api-usage=18/0", LIMITS, None, id="no allocation"),
        pytest.param("api-usage=20/10", LIMITS, 1.0, id="more than all"),
        pytest.param("api-usage=x/y", "{}", None, id="unreadable"),
        pytest.param("", '{"DailyApiRequests": 7}', None, id="a number"),
        pytest.param("", '{"DailyApiRequests": {"Max": "7"}}', None, id="a text"),
        pytest.param("", '{"DailyApiRequests": {"Max": 7}}', None, id="no rest"),
        pytest.param("", '{"DailyApiRequests": {"Max": 7, "Remaining": 9}}', 0.0, id="too much"),
    ],
)
async def test_the_share_of_used_requests_is_read_where_it_is_told(
    wire: Wire, header: str, body: str, usage: float | None
) -> None:
    wire.server.answer(200, body, Sforce_Limit_Info=header)

    assert (await by_limits(wire)).api_usage == usage


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (401, rest_error("INVALID_SESSION_ID", "Session expired or invalid"), Verdict.DEAD),
        (401, rest_error("INVALID_SESSION_ID", "SESSION HAS EXPIRED"), Verdict.DEAD),
        (403, rest_error("INVALID_SESSION_ID", "Session expired or invalid"), Verdict.UNDECIDABLE),
        (401, rest_error("OTHER", "Session expired or invalid"), Verdict.UNDECIDABLE),
        (
            401,
            rest_error("INVALID_SESSION_ID", "This session is not valid for use with the REST API"),
            Verdict.UNDECIDABLE,
        ),
        (403, rest_error("API_DISABLED_FOR_ORG", "API is not enabled"), Verdict.UNDECIDABLE),
        (404, "", Verdict.UNDECIDABLE),
        (401, "<html>", Verdict.UNDECIDABLE),
        (401, "[]", Verdict.UNDECIDABLE),
        (401, "[7]", Verdict.UNDECIDABLE),
        (401, '{"error": "x"}', Verdict.UNDECIDABLE),
        (400, "", Verdict.UNDECIDABLE),
    ],
)
async def test_only_an_ended_session_is_a_death(
    wire: Wire, status: int, body: str, verdict: Verdict
) -> None:
    wire.server.answer(status, body)

    found = await by_limits(wire)

    assert found.verdict is verdict
    assert str(status) in found.message
    assert found.api_usage is None


@pytest.mark.parametrize("code", ["INVALID_AUTH_HEADER", "INVALID_JWT_FORMAT"])
@pytest.mark.parametrize(
    ("value", "status", "verdict"),
    [
        ("eyJhbGciOiJSUzI1NiJ9.claims.signature", 401, Verdict.DEAD),
        ("eyJhbGciOiJSUzI1NiJ9.claims.signature", 403, Verdict.UNDECIDABLE),
        ("00Dxx0000001gPL!an.opaque.token", 401, Verdict.UNDECIDABLE),
    ],
)
async def test_a_token_of_jwt_format_has_deaths_of_its_own(
    wire: Wire, code: str, value: str, status: int, verdict: Verdict
) -> None:
    wire.server.answer(status, rest_error(code, "INVALID_HEADER_TYPE"))
    token = replace(wire.token(), value=value)

    found = await verify_by_limits(wire.transport, token, api_version="65.0")

    assert found.verdict is verdict


async def test_the_message_of_a_refusal_is_quoted_without_secrets(wire: Wire) -> None:
    text = f"This session is not valid for use with the REST API {TOKEN}"
    wire.server.answer(401, rest_error("INVALID_SESSION_ID", text))

    found = await by_limits(wire)

    assert "not valid for use with the REST API" in found.message
    assert "MARKED" not in repr(found)


async def test_used_up_requests_are_no_death(wire: Wire) -> None:
    text = rest_error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    wire.server.answer(403, text)

    found = await by_limits(wire)

    assert (found.verdict, found.api_usage) == (Verdict.UNDECIDABLE, 1.0)


@pytest.mark.parametrize("verify", [by_limits, by_userinfo])
@pytest.mark.parametrize("body", ["<html>", "", "[]"])
async def test_a_success_that_is_not_json_proves_nothing(
    wire: Wire, verify: object, body: str
) -> None:
    wire.server.answer(200, body)

    with pytest.raises(AnswerInvalidError):
        await verify(wire)  # type: ignore[operator]  # one of the two above


@pytest.mark.parametrize("verify", [by_limits, by_userinfo])
@pytest.mark.parametrize(
    ("status", "failure"), [(503, SalesforceUnavailableError), (429, RequestRateExceededError)]
)
async def test_an_outage_is_no_death(
    wire: Wire, verify: object, status: int, failure: type[FailureError]
) -> None:
    wire.server.answer(status)

    with pytest.raises(failure):
        await verify(wire)  # type: ignore[operator]  # one of the two above


async def test_a_token_that_reads_userinfo_is_alive_and_names_its_user(wire: Wire) -> None:
    long_name = "an.integration.user.with.a.rather.long.name@acme.example.uat"
    wire.server.answer(200, json.dumps({"preferred_username": long_name}))

    found = await by_userinfo(wire)

    assert found == Proof(verdict=Verdict.ALIVE, verifier=Verifier.USERINFO, username=long_name)
    assert wire.server.requests[0].line == "GET /services/oauth2/userinfo HTTP/1.1"
    assert wire.server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("name", [7, "a\nb", "x" * 256, None])
async def test_a_username_that_is_none_is_left_out(wire: Wire, name: object) -> None:
    wire.server.answer(200, json.dumps({"preferred_username": name}))

    assert (await by_userinfo(wire)).username == ""


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (403, "Bad_OAuth_Token", Verdict.DEAD),
        (401, "Bad_OAuth_Token", Verdict.UNDECIDABLE),
        (403, "Missing_OAuth_Token", Verdict.UNDECIDABLE),
        (403, "", Verdict.UNDECIDABLE),
        (404, "Bad_Id", Verdict.UNDECIDABLE),
    ],
)
async def test_userinfo_tells_a_bad_token_from_other_refusals(
    wire: Wire, status: int, body: str, verdict: Verdict
) -> None:
    wire.server.answer(status, body)

    found = await by_userinfo(wire)

    assert found.verdict is verdict
    assert found.verifier is Verifier.USERINFO
    assert str(status) in found.message


async def test_an_echoed_token_is_not_in_the_message_of_userinfo(wire: Wire) -> None:
    wire.server.answer(403, b"\xff" + TOKEN.encode())

    assert "MARKED" not in repr(await by_userinfo(wire))


async def test_the_newest_version_is_the_greatest_number(wire: Wire) -> None:
    versions = ["9.0", "65.0", "100.0", "66.0", "999.0x", "200.5", "../1.0"]
    wire.server.answer(200, json.dumps([{"version": version} for version in versions] + [7]))

    assert await newest_api_version(wire.transport, wire.server.url + "/") == "100.0"
    seen = wire.server.requests[0]
    assert seen.line == "GET /services/data/ HTTP/1.1"
    assert "authorization" not in seen.headers


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "[]"), (200, "{}"), (200, "<html>"), (200, '[{"version": 65}]'), (404, "[]")],
)
async def test_a_host_that_tells_no_version_is_invalid(wire: Wire, status: int, body: str) -> None:
    wire.server.answer(status, body)

    with pytest.raises(FailureError) as caught:
        await newest_api_version(wire.transport, wire.server.url)
    assert isinstance(caught.value, AnswerInvalidError)
