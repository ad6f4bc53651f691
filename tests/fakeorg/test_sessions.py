"""One token as long as the session lives, and how long that is (behaviours 29-33)."""

from datetime import timedelta

import jwt
import pytest

from fakeorg import FakeSalesforce, Readymade
from fakeorg.caller import Caller

TIMEOUT = 1000.0


@pytest.fixture(autouse=True)
def short_sessions(acme: Readymade, fake: FakeSalesforce) -> None:
    acme.org.settings.session_timeout = timedelta(seconds=TIMEOUT)
    fake.clock.freeze()


def left(caller: Caller, fake: FakeSalesforce, token: str) -> float:
    """Return the seconds the session has left."""
    return (caller.session(token).expires_at - fake.clock.now()).total_seconds()


def test_repeated_logins_give_the_same_token_while_the_session_lives(
    caller: Caller, fake: FakeSalesforce
) -> None:
    first = caller.token()
    fake.clock.advance(TIMEOUT - 1)

    assert caller.token() == first
    fake.clock.advance(1)
    assert caller.token() != first


def test_same_token_comes_from_all_hosts_of_the_org(
    fake: FakeSalesforce, acme: Readymade, caller: Caller
) -> None:
    with Caller(fake, acme, by_proxy=True) as by_name:
        at_login_host = by_name.present(by_name.assertion(), acme.org.login_host_url)

        assert at_login_host.json()["access_token"] == by_name.token() == caller.token()


@pytest.mark.parametrize("difference", ["user", "scopes", "app"])
def test_another_user_app_or_scope_is_another_session(
    caller: Caller, acme: Readymade, difference: str
) -> None:
    first = caller.token()
    claims: dict[str, object] = {}
    if difference == "user":
        claims["sub"] = acme.org.add_user("other@acme.example").username
        acme.app.assign("other@acme.example")
    elif difference == "scopes":
        acme.app.change(scopes=("api", "id", "web", "refresh_token"))
    else:
        certificates = (acme.keys.certificate,)
        app = acme.org.add_app(certificates=certificates, assigned=[acme.user.username])
        claims["iss"] = app.consumer_key

    assert caller.log_in(**claims).json()["access_token"] != first
    assert caller.limits(first).status_code == 200


def test_org_with_unique_tokens_opens_a_session_for_each_login(
    caller: Caller, acme: Readymade
) -> None:
    acme.org.settings.unique_tokens = True
    first, second = caller.token(), caller.token()

    assert first != second
    assert [caller.limits(token).status_code for token in (first, second)] == [200, 200]


def test_session_dies_after_its_idle_timeout(caller: Caller, fake: FakeSalesforce) -> None:
    token = caller.token()
    fake.clock.advance(TIMEOUT)

    assert caller.limits(token).status_code == 401


def test_call_in_the_first_half_does_not_extend_the_session(
    caller: Caller, fake: FakeSalesforce
) -> None:
    token = caller.token()
    fake.clock.advance(TIMEOUT / 2 - 1)
    caller.limits(token)

    assert left(caller, fake, token) == TIMEOUT / 2 + 1


def test_call_in_the_second_half_starts_the_timeout_anew(
    caller: Caller, fake: FakeSalesforce
) -> None:
    token = caller.token()
    fake.clock.advance(TIMEOUT / 2)
    caller.limits(token)

    assert left(caller, fake, token) == TIMEOUT


def test_session_lives_on_as_long_as_it_is_used(caller: Caller, fake: FakeSalesforce) -> None:
    token = caller.token()
    for _ in range(10):
        fake.clock.advance(TIMEOUT * 0.6)
        assert caller.limits(token).status_code == 200


def test_org_may_slide_on_every_call(caller: Caller, acme: Readymade, fake: FakeSalesforce) -> None:
    acme.org.settings.always_slide = True
    token = caller.token()
    fake.clock.advance(10)
    caller.limits(token)

    assert left(caller, fake, token) == TIMEOUT


@pytest.mark.parametrize("counts", [False, True])
def test_userinfo_counts_as_activity_only_where_the_org_says_so(
    caller: Caller, acme: Readymade, fake: FakeSalesforce, counts: bool
) -> None:
    acme.org.settings.userinfo_slides = counts
    token = caller.token()
    fake.clock.advance(TIMEOUT / 2)
    assert caller.userinfo(token).status_code == 200

    assert left(caller, fake, token) == (TIMEOUT if counts else TIMEOUT / 2)


@pytest.mark.parametrize("slides", [False, True])
def test_login_extends_a_live_session_only_where_the_org_says_so(
    caller: Caller, acme: Readymade, fake: FakeSalesforce, slides: bool
) -> None:
    acme.org.settings.login_slides = slides
    token = caller.token()
    fake.clock.advance(TIMEOUT * 0.8)
    assert caller.token() == token

    assert left(caller, fake, token) == pytest.approx(TIMEOUT * (1 if slides else 0.2))


def test_timeout_of_the_app_is_stronger_than_the_orgs(
    caller: Caller, acme: Readymade, fake: FakeSalesforce
) -> None:
    acme.app.change(session_timeout=timedelta(seconds=50))

    assert left(caller, fake, caller.token()) == 50


def test_first_login_may_find_an_old_session(
    caller: Caller, acme: Readymade, fake: FakeSalesforce
) -> None:
    acme.org.settings.first_login_age = timedelta(seconds=900)
    token = caller.token()

    assert left(caller, fake, token) == 100
    fake.clock.advance(100)
    assert left(caller, fake, caller.token()) == TIMEOUT


@pytest.mark.parametrize("flag", ["active", "frozen"])
def test_session_ends_with_the_users_right_to_act(
    caller: Caller, acme: Readymade, flag: str
) -> None:
    token = caller.token()
    setattr(acme.user, flag, flag == "frozen")

    assert caller.limits(token).status_code == 401


def test_admin_can_end_all_sessions(caller: Caller, acme: Readymade) -> None:
    token = caller.token()

    assert acme.org.kill_sessions() == 1
    assert acme.org.live_sessions == []
    assert caller.limits(token).status_code == 401
    assert caller.token() != token


def test_jwt_format_token_is_signed_by_the_published_key(
    caller: Caller, acme: Readymade, fake: FakeSalesforce
) -> None:
    acme.app.change(jwt_format=True, jwt_lifetime=timedelta(minutes=10))
    fake.clock.reset()
    answer = caller.log_in().json()
    keys = caller.get("/id/keys").json()
    key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(answer["access_token"])["kid"]]

    claims = jwt.decode(
        answer["access_token"], key, algorithms=["RS256"], audience=acme.org.my_domain_url
    )

    assert answer["token_format"] == "jwt"
    assert claims["exp"] - claims["iat"] == 600
    assert claims["sub"] == f"uid:{acme.user.user_id}"
    assert claims["client_id"] == acme.app.consumer_key
    assert claims["scp"] == "api id"
    assert set(claims) >= {"exp", "iat", "nbf", "iss", "aud", "sub", "scp", "client_id"}
    assert caller.limits(answer["access_token"]).status_code == 200


def test_jwt_format_token_is_not_extended_by_activity(
    caller: Caller, acme: Readymade, fake: FakeSalesforce
) -> None:
    acme.app.change(jwt_format=True, jwt_lifetime=timedelta(minutes=10))
    token = caller.token()
    fake.clock.advance(590)
    assert caller.limits(token).status_code == 200
    fake.clock.advance(10)

    assert caller.limits(token).status_code == 401


@pytest.mark.parametrize("again", [False, True])
def test_jwt_format_token_is_issued_again_only_where_the_org_says_so(
    caller: Caller, acme: Readymade, fake: FakeSalesforce, again: bool
) -> None:
    acme.org.settings.jwt_issued_again = again
    acme.app.change(jwt_format=True, jwt_lifetime=timedelta(minutes=10))
    first = caller.token()
    fake.clock.advance(599)

    assert (caller.token() == first) is again
    fake.clock.advance(1)
    assert caller.token() != first


def test_tokens_never_show_in_the_text_of_a_session(caller: Caller) -> None:
    token = caller.token()

    assert token not in repr(caller.session(token))
