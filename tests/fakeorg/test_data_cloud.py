"""The exchange of a core token for one of Data Cloud (behaviour 55)."""

import httpx
import jwt
import pytest

from fakeorg import FakeSalesforce, Readymade
from fakeorg.caller import Caller, refusal


@pytest.fixture(autouse=True)
def _scopes(acme: Readymade) -> None:
    acme.app.change(scopes=("api", "refresh_token", "cdp_query_api"))


def exchange(caller: Caller, token: str, base: str | None = None, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "urn:salesforce:grant-type:external:cdp",
        "subject_token": token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        **changes,
    }
    return caller.http.post(f"{base or caller.base}/services/a360/token", data=form)


def test_live_core_token_gives_a_data_cloud_token(caller: Caller, acme: Readymade) -> None:
    content = exchange(caller, caller.token()).json()
    access_token = content.pop("access_token")

    assert content == {
        "instance_url": acme.org.settings.data_cloud_host,
        "token_type": "Bearer",
        "issued_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "expires_in": 7130,
    }
    assert content["instance_url"].endswith(".c360a.salesforce.com")
    key = jwt.PyJWK(caller.get("/id/keys").json()["keys"][0])
    claims = jwt.decode(access_token, key, options={"verify_aud": False})
    assert claims["exp"] - claims["iat"] == 7130
    assert claims["sub"] == acme.user.user_id
    assert claims["scp"] == "cdp_query_api"


@pytest.mark.parametrize("dead", [True, False], ids=["dead", "unknown"])
def test_core_token_must_be_live(caller: Caller, acme: Readymade, dead: bool) -> None:
    token = caller.token() if dead else "00Dunknown"
    acme.org.kill_sessions()

    assert exchange(caller, token).status_code == 401


def test_exchange_is_no_login_and_is_counted(caller: Caller, acme: Readymade) -> None:
    exchange(caller, caller.token())

    assert acme.org.calls == {"token": 1, "exchange": 1}
    assert len(acme.org.logins) == 1


def test_form_must_ask_for_this_grant_by_post(caller: Caller) -> None:
    token = caller.token()

    assert refusal(exchange(caller, token, grant_type="other"))[1] == "unsupported_grant_type"
    assert refusal(caller.get("/services/a360/token"))[2] == "must use HTTP POST"


def test_org_may_answer_with_a_page(caller: Caller, acme: Readymade) -> None:
    acme.org.settings.data_cloud_answers_html = True
    answer = exchange(caller, caller.token())

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_login_host_finds_the_org_by_the_core_token(fake: FakeSalesforce, acme: Readymade) -> None:
    with Caller(fake, acme, by_proxy=True) as caller:
        answer = exchange(caller, caller.token(), acme.org.login_host_url)

    assert answer.status_code == 200
