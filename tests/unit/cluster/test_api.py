"""Requests to the API server: what each answer means."""

import asyncio
import json
from datetime import timedelta

import pytest

from support.builders import MARK
from support.fake_api import FakeApi, api_over
from support.parts import secret_path
from token_operator.cluster.api import (
    Api,
    ApiError,
    ApiUnavailableError,
    Cause,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    Request,
)

READ = Request(method="GET", path=secret_path("crm-token"))


def a_write(method: str = "POST") -> Request:
    body = {"metadata": {"name": "crm-token"}, "data": {"access_token": MARK}}
    return Request(method=method, path="/api/v1/namespaces/shop/secrets", body=body)


class NotNowError(Exception):
    """What a guard raises."""


def refuse() -> None:
    raise NotNowError


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ApiError),
        (401, ApiError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (409, ConflictError),
        (422, ApiError),
        (429, ApiUnavailableError),
        (500, ApiUnavailableError),
        (503, ApiUnavailableError),
    ],
)
async def test_refusal_is_an_error_of_its_kind(
    api: Api, server: FakeApi, status: int, kind: type[Exception]
) -> None:
    server.fail(status)

    with pytest.raises(kind) as caught:
        await api.send(a_write())

    assert type(caught.value) is kind
    assert str(status) in str(caught.value)
    assert "POST /api/v1/namespaces/shop/secrets" in str(caught.value)
    assert MARK not in str(caught.value)


async def test_refusal_tells_its_reason_and_causes(api: Api, server: FakeApi) -> None:
    server.fail(403, causes=("NamespaceTerminating",))

    with pytest.raises(ForbiddenError) as caught:
        await api.send(a_write())

    assert caught.value.is_terminating
    assert caught.value.reason == "Forbidden"


async def test_plain_refusal_is_not_of_a_terminating_namespace(api: Api, server: FakeApi) -> None:
    server.fail(403)

    with pytest.raises(ForbiddenError) as caught:
        await api.send(a_write())

    assert not caught.value.is_terminating


async def test_refusal_carries_the_message_of_the_api_server_but_does_not_print_it(
    api: Api, server: FakeApi
) -> None:
    cause = {"field": "data[x]", "reason": "FieldValueInvalid", "message": f"Bad:\n {MARK}"}
    status = {
        "message": f"Secret is\x1b[2J\n invalid: {MARK}" + "x" * 3000,
        "details": {"causes": [cause, "nonsense", {"field": 5}]},
    }
    server.fail(422, body=json.dumps(status).encode())

    with pytest.raises(ApiError) as caught:
        await api.send(a_write())

    error = caught.value
    assert error.message.startswith(f"Secret is[2J invalid: {MARK}x")
    assert len(error.message) == 2000
    assert error.causes[0] == Cause(
        field="data[x]", reason="FieldValueInvalid", message=f"Bad: {MARK}"
    )
    assert error.causes[1:] == (Cause(field="", reason="", message=""),)
    assert MARK not in str(error) + repr(error) + repr(error.causes)


@pytest.mark.parametrize("details", [None, [], "x", {"causes": {}}, {"causes": None}])
async def test_refusal_with_details_of_another_form_has_no_causes(
    api: Api, server: FakeApi, details: object
) -> None:
    server.fail(422, body=json.dumps({"message": 5, "details": details}).encode())

    with pytest.raises(ApiError) as caught:
        await api.send(a_write())

    assert (caught.value.message, caught.value.causes) == ("", ())


@pytest.mark.parametrize("body", [b"<html>", b"", b"[1]", b"\xff"])
async def test_refusal_that_is_no_object_is_still_a_refusal(
    api: Api, server: FakeApi, body: bytes
) -> None:
    server.fail(404, body=body)

    with pytest.raises(NotFoundError):
        await api.send(READ)


@pytest.mark.parametrize("body", [b"<html>", b"", b"[1]"])
async def test_answer_that_is_no_object_is_an_empty_one(
    api: Api, server: FakeApi, body: bytes
) -> None:
    server.fail(200, body=body)

    assert await api.send(READ) == {}


async def test_answer_that_does_not_come_is_given_up(server: FakeApi) -> None:
    server.fail(0, hangs=True)

    async with api_over(server, timeout=timedelta(milliseconds=50)) as api:
        with pytest.raises(ApiUnavailableError, match="TimeoutError"):
            await api.send(READ)


async def test_server_that_is_not_there_is_unavailable(server: FakeApi) -> None:
    server.url = "http://127.0.0.1:1"

    async with api_over(server) as api:
        with pytest.raises(ApiUnavailableError, match="Connect"):
            await api.send(READ)


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_guard_is_asked_before_every_write(server: FakeApi, method: str) -> None:
    async with api_over(server, guard=refuse) as api:
        with pytest.raises(NotNowError):
            await api.send(a_write(method))

    assert server.requests == []


async def test_guard_is_not_asked_before_a_read(server: FakeApi) -> None:
    server.put(READ.path, {})

    async with api_over(server, guard=refuse) as api:
        assert (await api.send(READ))["metadata"]["name"] == "crm-token"


async def test_failed_request_is_sent_once(api: Api, server: FakeApi) -> None:
    server.fail(503, times=9)

    with pytest.raises(ApiUnavailableError):
        await api.send(READ)

    assert len(server.requests) == 1


async def test_request_names_the_operator_and_carries_its_query(api: Api, server: FakeApi) -> None:
    server.put(READ.path, {})

    await api.send(Request(method="GET", path=READ.path, query={"a": "b c&d"}))

    assert server.requests[0].headers["User-Agent"] == "salesforce-token-operator/1.2.3"
    assert server.requests[0].query == {"a": "b c&d"}


async def test_requests_run_beside_each_other(api: Api, server: FakeApi) -> None:
    server.put(READ.path, {})
    arrived = asyncio.Event()
    server.fail(0, hangs=True, first=arrived.set)

    slow = asyncio.create_task(api.send(READ))
    async with asyncio.timeout(5):
        await arrived.wait()
        await api.send(READ)
        server.release.set()
        await slow

    assert len(server.requests) == 2


def test_body_of_a_request_is_never_printed() -> None:
    assert MARK not in repr(a_write())
