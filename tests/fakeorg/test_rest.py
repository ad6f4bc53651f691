"""The REST API that a verifier calls (behaviours 37-41)."""

from typing import Literal

import pytest

from fakeorg import FakeSalesforce, Readymade, readymade_org
from fakeorg.caller import Caller

DEAD = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


@pytest.mark.parametrize("path", ["/services/data/", "/services/data"])
def test_versions_are_told_to_everybody(caller: Caller, path: str) -> None:
    answer = caller.get(path)

    assert answer.status_code == 200
    assert answer.json() == [
        {"label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0"}
    ]


@pytest.mark.parametrize(
    ("version", "label"),
    [
        ("65.0", "Winter '26"),
        ("67.0", "Summer '26"),
        ("68.0", "Winter '27"),
        ("64.0", "Summer '25"),
    ],
)
def test_release_of_a_version_is_the_real_one(
    caller: Caller, acme: Readymade, version: str, label: str
) -> None:
    acme.org.settings.api_version = version

    assert caller.get("/services/data/").json()[0]["label"] == label


def test_limits_count_down(caller: Caller) -> None:
    token = caller.token()
    first, second = caller.limits(token), caller.limits(token)

    assert first.json() == {"DailyApiRequests": {"Max": 15000, "Remaining": 14999}}
    assert first.headers["Sforce-Limit-Info"] == "api-usage=1/15000"
    assert second.json()["DailyApiRequests"]["Remaining"] == 14998


@pytest.mark.parametrize("token", [None, "", "00Dxx!unknown"], ids=["no token", "empty", "unknown"])
def test_unknown_token_is_refused(caller: Caller, token: str | None) -> None:
    answer = caller.get("/services/data/v66.0/limits", token)

    assert (answer.status_code, answer.json()) == (401, DEAD)


def test_token_of_another_org_is_refused(caller: Caller, fake: FakeSalesforce) -> None:
    other = readymade_org(fake, "globex")

    answer = caller.http.get(
        f"{other.org.login_url}/services/data/v66.0/limits",
        headers={"Authorization": f"Bearer {caller.token()}"},
    )

    assert (answer.status_code, answer.json()) == (401, DEAD)


def test_token_without_api_scope_is_not_valid_for_rest(caller: Caller, acme: Readymade) -> None:
    acme.app.change(scopes=("id", "refresh_token"))
    answer = caller.limits(caller.token())

    assert answer.status_code == 401
    assert answer.json() == [
        {
            "message": "This session is not valid for use with the REST API",
            "errorCode": "INVALID_SESSION_ID",
        }
    ]


def test_exhausted_allocation_refuses_until_the_next_day(
    caller: Caller, acme: Readymade, fake: FakeSalesforce
) -> None:
    acme.org.settings.daily_api_requests = 1
    caller.limits(caller.token())
    answer = caller.limits(caller.token())

    assert answer.status_code == 403
    assert answer.json() == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]
    fake.clock.advance(86_400)
    assert caller.limits(caller.token()).status_code == 200


def test_query_answers_a_record_of_the_object_asked_for(caller: Caller) -> None:
    answer = caller.get("/services/data/v61.0/query?q=SELECT+Id+FROM+Contact", caller.token())

    assert answer.status_code == 200
    assert answer.json()["totalSize"] == len(answer.json()["records"]) == 1
    assert answer.json()["records"][0]["attributes"]["type"] == "Contact"


def test_columns_of_a_query_are_those_asked_for(caller: Caller) -> None:
    path = "/services/data/v61.0/query?q=SELECT+Id,+Name+FROM+Contact&columns=true"
    answer = caller.get(path, caller.token())

    assert answer.json()["entityName"] == "Contact"
    assert [one["columnName"] for one in answer.json()["columnMetadata"]] == ["Id", "Name"]


def test_path_may_begin_with_two_slashes(caller: Caller) -> None:
    answer = caller.get("//services/data/v66.0/limits", caller.token())

    assert answer.status_code == 200


def test_query_without_an_object_is_malformed(caller: Caller) -> None:
    answer = caller.get("/services/data/v66.0/query?q=SELECT", caller.token())

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "MALFORMED_QUERY")


def test_version_has_a_list_of_resources(caller: Caller) -> None:
    answer = caller.get("/services/data/v66.0/", caller.token())

    assert answer.json()["limits"] == "/services/data/v66.0/limits"


@pytest.mark.parametrize("length", [15, 18])
def test_record_of_a_user_tells_the_name(caller: Caller, acme: Readymade, length: int) -> None:
    path = f"/services/data/v51.0/sobjects/User/{acme.user.user_id[:length]}"
    answer = caller.get(path, caller.token())

    assert answer.status_code == 200
    assert answer.json()["Id"] == acme.user.user_id
    assert answer.json()["Username"] == acme.user.username


def test_record_of_a_user_needs_a_token(caller: Caller, acme: Readymade) -> None:
    answer = caller.get(f"/services/data/v51.0/sobjects/User/{acme.user.user_id}")

    assert (answer.status_code, answer.json()) == (401, DEAD)


@pytest.mark.parametrize(
    "path",
    [
        *("/v67.0/limits", "/v7.0/limits", "/v66.0/nothing", "/nonsense"),
        *("/v66.0/sobjects/User/005000000000000AAA", "/v66.0/sobjects/User/005"),
    ],
)
def test_resource_that_is_not_there_is_not_found(caller: Caller, path: str) -> None:
    answer = caller.get(f"/services/data{path}", caller.token())

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "NOT_FOUND")


def test_login_host_serves_no_rest(fake: FakeSalesforce, acme: Readymade) -> None:
    with Caller(fake, acme, by_proxy=True) as caller:
        host = acme.org.login_host_url

        assert caller.get("/services/data/", base=host).status_code == 200
        assert caller.get("/services/data/v66.0/limits", caller.token(), host).status_code == 401


@pytest.mark.parametrize(
    "code", ["INVALID_SESSION_ID", "INVALID_AUTH_HEADER", "INVALID_JWT_FORMAT"]
)
def test_ended_token_of_jwt_format_is_refused_in_the_words_of_the_org(
    caller: Caller,
    acme: Readymade,
    code: Literal["INVALID_SESSION_ID", "INVALID_AUTH_HEADER", "INVALID_JWT_FORMAT"],
) -> None:
    acme.org.settings.jwt_death = code
    opaque = caller.token()
    acme.app.change(jwt_format=True)
    token = caller.token()
    acme.org.kill_sessions()

    answers = [caller.get("/services/data/v66.0/limits", one) for one in (token, opaque)]

    assert [one.status_code for one in answers] == [401, 401]
    codes = [one.json()[0]["errorCode"] for one in answers]
    assert codes == [code, "INVALID_SESSION_ID"]
