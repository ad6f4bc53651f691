"""Who may use an app, from where and how often (behaviours 19-24)."""

import pytest

from fakeorg import FakeSalesforce, Readymade
from fakeorg.caller import Caller, refusal

NOT_APPROVED = (400, "invalid_grant", "user hasn't approved this consumer")
REFRESH_SCOPE_MISSING = (
    "refresh_token scope is required and the connected app should be installed and preauthorized"
)
RATE_EXCEEDED = (400, "invalid_grant", "login rate exceeded")


def test_user_who_authorizes_alone_must_have_approved_once(caller: Caller, acme: Readymade) -> None:
    acme.app.change(policy="self-authorize")

    assert refusal(caller.log_in()) == NOT_APPROVED
    acme.org.approve(acme.user, acme.app)
    assert caller.log_in().status_code == 200


def test_user_whom_no_admin_approved_is_refused(caller: Caller, acme: Readymade) -> None:
    acme.app.unassign(acme.user.username)

    assert refusal(caller.log_in()) == (
        400,
        "invalid_app_access",
        "user is not admin approved to access this app",
    )
    acme.app.assign(acme.user.username)
    assert caller.log_in().status_code == 200


@pytest.mark.parametrize("scope", ["refresh_token", "offline_access"])
def test_app_needs_the_refresh_token_scope(caller: Caller, acme: Readymade, scope: str) -> None:
    acme.app.change(scopes=("api", "id"))

    assert refusal(caller.log_in()) == (
        400,
        "invalid_request",
        REFRESH_SCOPE_MISSING,
    )
    acme.app.change(scopes=("api", "id", scope))
    assert caller.log_in().status_code == 200


def test_app_must_be_installed(caller: Caller, acme: Readymade) -> None:
    acme.app.change(installed=False)

    assert refusal(caller.log_in()) == (
        400,
        "app_not_found",
        "External client app is not installed in this org",
    )


def test_removed_app_is_unknown_and_its_sessions_end(caller: Caller, acme: Readymade) -> None:
    token = caller.token()
    acme.org.remove_app(acme.app)

    assert refusal(caller.log_in())[1] == "invalid_client_id"
    assert caller.limits(token).status_code == 401


@pytest.mark.parametrize(
    ("ranges", "status"),
    [
        pytest.param(("10.0.0.0/8",), 400, id="elsewhere"),
        pytest.param(("10.0.0.0/8", "127.0.0.0/8"), 200, id="one of two"),
        pytest.param((), 200, id="no range"),
    ],
)
def test_caller_must_come_from_the_ip_ranges_of_the_app(
    caller: Caller, acme: Readymade, ranges: tuple[str, ...], status: int
) -> None:
    acme.app.change(ip_ranges=ranges)
    answer = caller.log_in()

    assert answer.status_code == status
    if status == 400:
        assert refusal(answer) == (400, "invalid_grant", "ip restricted")


def test_logins_beyond_the_hourly_rate_are_refused_until_the_hour_has_rolled(
    caller: Caller, acme: Readymade, fake: FakeSalesforce
) -> None:
    acme.org.settings.logins_per_hour = 2
    assert [caller.log_in().status_code for _ in range(2)] == [200, 200]

    assert refusal(caller.log_in()) == RATE_EXCEEDED
    fake.clock.advance(3590)
    assert refusal(caller.log_in()) == RATE_EXCEEDED
    fake.clock.advance(11)
    assert caller.log_in().status_code == 200


def test_failed_logins_count_towards_the_rate(caller: Caller, acme: Readymade) -> None:
    acme.org.settings.logins_per_hour = 2
    for _ in range(2):
        caller.log_in(aud="nowhere")

    assert refusal(caller.log_in()) == RATE_EXCEEDED


def test_rate_is_counted_for_each_user(caller: Caller, acme: Readymade) -> None:
    acme.org.settings.logins_per_hour = 1
    other = acme.org.add_user("other@acme.example")
    acme.app.assign(other.username)

    assert caller.log_in().status_code == 200
    assert caller.log_in(sub=other.username).status_code == 200
    assert refusal(caller.log_in(sub=other.username)) == RATE_EXCEEDED


def test_app_that_requires_dpop_gives_no_token_without_a_proof(
    caller: Caller, acme: Readymade
) -> None:
    acme.app.change(dpop_required=True)

    assert refusal(caller.log_in())[:2] == (400, "use_dpop_nonce")


def test_contained_user_is_frozen_and_has_no_refresh_token(caller: Caller, acme: Readymade) -> None:
    acme.org.approve(acme.user, acme.app)
    token = caller.token()

    acme.org.contain(acme.user)

    assert refusal(caller.log_in())[2] == "inactive user"
    assert not acme.org.is_live(token)
    assert acme.org.refresh_tokens == []


def test_refreshed_sandbox_is_another_org(caller: Caller, acme: Readymade) -> None:
    before, token = acme.org.org_id, caller.token()

    acme.org.refresh()

    assert not acme.org.is_live(token)
    assert before not in caller.log_in().json()["id"]
