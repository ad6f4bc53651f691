"""The refresh token grant without rotation (behaviours 49 and 51)."""

import re

import pytest

from fakeorg import FakeSalesforce, Readymade
from fakeorg.caller import Caller, refusal

EXPIRED = (400, "invalid_grant", "expired access/refresh token")
INVALID_CLIENT = (400, "invalid_client", "invalid client credentials")


@pytest.fixture
def refresh_token(acme: Readymade) -> str:
    acme.app.change(consumer_secret="s3cret of the app")
    return acme.org.approve(acme.user, acme.app)


def test_refresh_token_has_the_usual_look(refresh_token: str, acme: Readymade) -> None:
    assert re.fullmatch(r"5Aep861[A-Za-z0-9._]{80}", refresh_token)
    assert refresh_token not in repr(acme.org.refresh_tokens)


def test_refresh_gives_an_access_token_and_no_refresh_token(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    content = caller.refresh(refresh_token).json()

    assert caller.limits(content["access_token"]).status_code == 200
    assert caller.session(content["access_token"]).username == acme.user.username
    assert content["scope"] == "api id refresh_token"
    assert content["instance_url"] == acme.org.login_url
    assert content["issued_at"].isdigit()
    assert "refresh_token" not in content


def test_refresh_token_can_be_used_again_and_again(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    first = caller.refresh(refresh_token).json()["access_token"]
    assert caller.refresh(refresh_token).json()["access_token"] == first
    acme.org.kill_sessions()
    second = caller.refresh(refresh_token).json()["access_token"]

    assert second != first
    assert caller.limits(second).status_code == 200
    assert [approval.uses for approval in acme.org.refresh_tokens] == [3]


def test_unknown_refresh_token_is_expired(caller: Caller, refresh_token: str) -> None:
    assert refusal(caller.refresh("5Aep861unknown")) == EXPIRED
    assert refusal(caller.refresh("")) == EXPIRED
    assert caller.refresh(refresh_token).status_code == 200


def test_refresh_token_of_another_app_is_expired(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    other = acme.org.add_app(consumer_secret="s3cret of the app", assigned=[acme.user.username])

    assert refusal(caller.refresh(refresh_token, client_id=other.consumer_key)) == EXPIRED
    assert caller.refresh(refresh_token).status_code == 200


def test_refresh_needs_the_secret_unless_the_app_does_without(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    assert refusal(caller.refresh(refresh_token, client_secret=None)) == INVALID_CLIENT
    acme.app.change(require_secret_for_refresh=False)
    assert caller.refresh(refresh_token, client_secret=None).status_code == 200
    assert refusal(caller.refresh(refresh_token, client_secret="wrong")) == INVALID_CLIENT


def test_inactive_user_cannot_refresh(caller: Caller, acme: Readymade, refresh_token: str) -> None:
    acme.user.active = False

    assert refusal(caller.refresh(refresh_token)) == (400, "invalid_grant", "inactive user")
    acme.user.active = True
    assert caller.refresh(refresh_token).status_code == 200


def test_user_who_lost_the_assignment_cannot_refresh(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    acme.app.unassign(acme.user.username)

    assert refusal(caller.refresh(refresh_token))[1] == "invalid_app_access"


def test_sixth_approval_ends_the_oldest(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    others = [acme.org.approve(acme.user, acme.app) for _ in range(4)]
    oldest_access = caller.refresh(refresh_token).json()["access_token"]
    newest = acme.org.approve(acme.user, acme.app)

    assert refusal(caller.refresh(refresh_token)) == EXPIRED
    assert caller.limits(oldest_access).status_code == 401
    assert all(caller.refresh(one).status_code == 200 for one in (*others, newest))
    assert len(acme.org.refresh_tokens) == 5


def test_approvals_of_another_user_or_app_do_not_count(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    other_user = acme.org.add_user("other@acme.example")
    other_app = acme.org.add_app(assigned=[acme.user.username])
    for _ in range(5):
        acme.org.approve(other_user, acme.app)
        acme.org.approve(acme.user, other_app)

    assert caller.refresh(refresh_token).status_code == 200


def test_revoked_refresh_token_ends_with_its_access_tokens_only(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    by_jwt = caller.token()
    by_refresh = caller.refresh(refresh_token).json()["access_token"]

    assert caller.revoke(refresh_token).status_code == 200
    assert refusal(caller.refresh(refresh_token)) == EXPIRED
    assert caller.limits(by_refresh).status_code == 401
    assert caller.limits(by_jwt).status_code == 200
    assert refusal(caller.revoke(refresh_token))[1] == "invalid_token"


def test_revoked_access_token_leaves_the_refresh_token(caller: Caller, refresh_token: str) -> None:
    caller.revoke(caller.refresh(refresh_token).json()["access_token"])

    assert caller.refresh(refresh_token).status_code == 200


def test_admin_revokes_the_refresh_tokens_of_one_user_or_all(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    assert acme.org.revoke_refresh_tokens("other@acme.example") == 0
    assert caller.refresh(refresh_token).status_code == 200
    assert acme.org.revoke_refresh_tokens(acme.user.username) == 1
    assert refusal(caller.refresh(refresh_token)) == EXPIRED
    assert acme.org.revoke_refresh_tokens() == 0


def test_login_host_finds_the_org_by_the_refresh_token(
    fake: FakeSalesforce, acme: Readymade, refresh_token: str
) -> None:
    twin = fake.add_org("twin")
    twin.add_app(consumer_key=acme.app.consumer_key, consumer_secret="s3cret of the app")
    fake.directory.orgs = dict(reversed(fake.directory.orgs.items()))
    with Caller(fake, acme, by_proxy=True) as caller:
        answer = caller.refresh(refresh_token, acme.org.login_host_url)

        assert answer.json()["instance_url"] == acme.org.my_domain_url
        url = f"{acme.org.login_host_url}/services/oauth2/revoke"
        assert caller.http.post(url, data={"token": refresh_token}).status_code == 200
    assert acme.org.refresh_tokens == []


def test_refreshes_are_in_the_login_history(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    caller.refresh(refresh_token)
    caller.refresh("5Aep861unknown")

    assert [(row.grant, row.username, row.status) for row in acme.org.logins] == [
        ("refresh_token", acme.user.username, "Success"),
        ("refresh_token", None, "expired access/refresh token"),
    ]
    assert refresh_token not in repr(acme.org.logins)


def test_refreshes_count_towards_the_login_rate(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    acme.org.settings.logins_per_hour = 1

    assert caller.refresh(refresh_token).status_code == 200
    assert refusal(caller.refresh(refresh_token))[2] == "login rate exceeded"
