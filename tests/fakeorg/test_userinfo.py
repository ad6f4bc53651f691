"""Who the user of a token is (behaviours 42 and 43)."""

import pytest

from fakeorg import FakeSalesforce, Readymade
from fakeorg.caller import Caller


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_userinfo_tells_user_and_org(caller: Caller, acme: Readymade, method: str) -> None:
    headers = {"Authorization": f"Bearer {caller.token()}"}
    answer = caller.http.request(method, f"{caller.base}/services/oauth2/userinfo", headers=headers)

    assert answer.status_code == 200
    told = answer.json()
    assert told["user_id"] == acme.user.user_id
    assert told["organization_id"] == acme.org.org_id
    assert told["preferred_username"] == acme.user.username
    assert told["sub"].endswith(f"/id/{acme.org.org_id}/{acme.user.user_id}")
    assert told["active"] is True
    assert told["urls"]["rest"].startswith(acme.org.login_url)


def test_dead_token_is_bad(caller: Caller, acme: Readymade) -> None:
    token = caller.token()
    acme.org.kill_sessions()
    answer = caller.userinfo(token)

    assert (answer.status_code, answer.text) == (403, "Bad_OAuth_Token")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_call_without_a_token_misses_it(caller: Caller) -> None:
    answer = caller.userinfo()

    assert (answer.status_code, answer.text) == (403, "Missing_OAuth_Token")


def test_live_token_without_an_identity_scope_is_bad_too(caller: Caller, acme: Readymade) -> None:
    acme.app.change(scopes=("api", "refresh_token"))

    answer = caller.userinfo(caller.token())

    assert (answer.status_code, answer.text) == (403, "Bad_OAuth_Token")


def test_userinfo_uses_up_no_api_call(caller: Caller, acme: Readymade) -> None:
    caller.userinfo(caller.token())

    assert acme.org.allocation.used == 0


def test_login_host_finds_the_org_by_the_token(fake: FakeSalesforce, acme: Readymade) -> None:
    with Caller(fake, acme, by_proxy=True) as caller:
        path, host = "/services/oauth2/userinfo", acme.org.login_host_url
        answer = caller.get(path, caller.token(), host)

        assert answer.json()["organization_id"] == acme.org.org_id
        assert caller.get(path, "unknown", host).text == "Bad_OAuth_Token"


def test_identity_url_of_the_answer_tells_the_user(caller: Caller, acme: Readymade) -> None:
    answer = caller.log_in().json()
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    identity = caller.http.get(answer["id"], headers=headers)

    assert identity.status_code == 200
    assert identity.json()["id"] == answer["id"]
    assert identity.json()["username"] == acme.user.username


def test_identity_url_with_other_ids_is_bad(caller: Caller, acme: Readymade) -> None:
    answer = caller.get(f"/id/{acme.org.org_id}/005000000000000AAA", caller.token())

    assert (answer.status_code, answer.text) == (404, "Bad_Id")


def test_identity_url_needs_a_token(caller: Caller, acme: Readymade) -> None:
    answer = caller.get(f"/id/{acme.org.org_id}/{acme.user.user_id}")

    assert (answer.status_code, answer.text) == (403, "Missing_OAuth_Token")
