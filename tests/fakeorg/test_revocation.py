"""Ending a session, and asking about one (behaviours 44 and 45)."""

import httpx
import pytest

from fakeorg import FakeSalesforce, Readymade
from fakeorg.caller import Caller, refusal

INACTIVE = {"active": False}
UNAUTHENTICATED = (401, "invalid_client", "invalid client credentials")


@pytest.fixture
def app_secret(acme: Readymade) -> str:
    acme.app.change(consumer_secret="s3cret of the app")
    return "s3cret of the app"


def introspect(caller: Caller, token: str, **credentials: str) -> httpx.Response:
    form = {"token": token, "token_type_hint": "access_token", **credentials}
    return caller.http.post(f"{caller.base}/services/oauth2/introspect", data=form)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_revoked_session_dies_for_all_holders(caller: Caller, acme: Readymade, method: str) -> None:
    token = caller.token()
    assert caller.token() == token
    url = f"{caller.base}/services/oauth2/revoke"

    answer = (
        caller.http.get(url, params={"token": token}) if method == "GET" else caller.revoke(token)
    )

    assert (answer.status_code, answer.content) == (200, b"")
    assert caller.limits(token).status_code == 401
    assert caller.userinfo(token).status_code == 403
    assert caller.token() != token


@pytest.mark.parametrize("token", ["", "00Dxx!unknown"], ids=["empty", "unknown"])
def test_unknown_token_cannot_be_revoked(caller: Caller, token: str) -> None:
    status, error, description = refusal(caller.revoke(token))

    assert (status, error) == (400, "invalid_token")
    assert description.startswith("invalid token:")


def test_dead_token_cannot_be_revoked_again(caller: Caller) -> None:
    token = caller.token()
    caller.revoke(token)

    assert refusal(caller.revoke(token))[1] == "invalid_token"


def test_token_can_be_revoked_at_the_login_host(fake: FakeSalesforce, acme: Readymade) -> None:
    with Caller(fake, acme, by_proxy=True) as caller:
        token = caller.token()
        url = f"{acme.org.login_host_url}/services/oauth2/revoke"

        assert caller.http.post(url, data={"token": token}).status_code == 200
        assert not acme.org.is_live(token)


def test_introspection_tells_the_current_end_of_the_session(
    caller: Caller, acme: Readymade, fake: FakeSalesforce, app_secret: str
) -> None:
    fake.clock.freeze()
    token = caller.token()
    opened = int(fake.clock.now().timestamp())
    fake.clock.advance(4000)
    caller.limits(token)
    answer = introspect(
        caller, token, client_id=acme.app.consumer_key, client_secret=app_secret
    ).json()

    assert answer["active"] is True
    assert answer["exp"] == int(fake.clock.now().timestamp()) + 7200
    assert answer["iat"] == answer["nbf"] == opened
    assert answer["scope"] == "api id"
    assert answer["client_id"] == acme.app.consumer_key
    assert answer["username"] == acme.user.username
    assert answer["sub"].endswith(acme.user.user_id)
    assert answer["token_type"] == "access_token"


def test_introspection_takes_credentials_from_the_basic_header(
    caller: Caller, acme: Readymade, app_secret: str
) -> None:
    answer = caller.http.post(
        f"{caller.base}/services/oauth2/introspect",
        data={"token": caller.token()},
        auth=(acme.app.consumer_key, app_secret),
    )

    assert answer.json()["active"] is True


def test_introspection_does_not_extend_the_session(
    caller: Caller, acme: Readymade, fake: FakeSalesforce, app_secret: str
) -> None:
    fake.clock.freeze()
    token = caller.token()
    before = caller.session(token).expires_at
    fake.clock.advance(5000)
    introspect(caller, token, client_id=acme.app.consumer_key, client_secret=app_secret)

    assert caller.session(token).expires_at == before


def test_dead_token_is_inactive(caller: Caller, acme: Readymade, app_secret: str) -> None:
    token = caller.token()
    acme.org.kill_sessions()
    answer = introspect(caller, token, client_id=acme.app.consumer_key, client_secret=app_secret)

    assert (answer.status_code, answer.json()) == (200, INACTIVE)


def test_token_of_another_app_is_inactive(caller: Caller, acme: Readymade) -> None:
    other = acme.org.add_app(name="other", consumer_secret="of the other app")
    answer = introspect(
        caller,
        caller.token(),
        client_id=other.consumer_key,
        client_secret="of the other app",
    )

    assert (answer.status_code, answer.json()) == (200, INACTIVE)


@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param({}, id="none"),
        pytest.param({"client_id": "right"}, id="no secret"),
        pytest.param({"client_id": "right", "client_secret": "wrong"}, id="wrong secret"),
        pytest.param({"client_id": "unknown", "client_secret": "x"}, id="unknown app"),
    ],
)
def test_introspection_needs_the_apps_credentials(
    caller: Caller, acme: Readymade, app_secret: str, credentials: dict[str, str]
) -> None:
    if credentials.get("client_id") == "right":
        credentials = credentials | {"client_id": acme.app.consumer_key}

    assert refusal(introspect(caller, caller.token(), **credentials)) == UNAUTHENTICATED


def test_app_without_a_secret_cannot_introspect(caller: Caller, acme: Readymade) -> None:
    answer = introspect(caller, caller.token(), client_id=acme.app.consumer_key, client_secret="")

    assert refusal(answer) == UNAUTHENTICATED
