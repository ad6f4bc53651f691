"""Logging in as an app (behaviours 46-48)."""

import pytest

from fakeorg import FakeSalesforce, Readymade
from fakeorg.caller import Caller, refusal

INVALID_CLIENT = (400, "invalid_client", "invalid client credentials")
NOT_ON_THIS_DOMAIN = (400, "invalid_grant", "request not supported on this domain")
NO_RUN_AS = (400, "invalid_grant", "no client credentials user enabled")
NOT_ASSIGNED = (400, "invalid_app_access", "user is not admin approved to access this app")


@pytest.fixture(autouse=True)
def _run_as(acme: Readymade) -> None:
    acme.app.change(
        consumer_secret="s3cret: of & the app",
        client_credentials_enabled=True,
        run_as=acme.user.username,
        scopes=("api", "id", "refresh_token", "full", "web"),
    )


def test_app_gets_a_token_of_its_run_as_user(caller: Caller, acme: Readymade) -> None:
    answer = caller.log_in_as_app()

    assert answer.status_code == 200
    content = answer.json()
    assert caller.session(content["access_token"]).username == acme.user.username
    assert caller.limits(content["access_token"]).status_code == 200
    assert content["instance_url"] == acme.org.login_url
    assert content["id"].endswith(acme.user.user_id)
    assert content["issued_at"].isdigit()
    assert content["signature"]
    assert "refresh_token" not in content


def test_scopes_that_make_no_sense_without_a_user_are_stripped(caller: Caller) -> None:
    assert caller.log_in_as_app().json()["scope"] == "api id"


def test_secret_may_come_in_a_basic_header(caller: Caller, acme: Readymade) -> None:
    answer = caller.http.post(
        f"{caller.base}/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(acme.app.consumer_key, acme.app.latest.consumer_secret or ""),
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("secret", ["wrong", "", None], ids=["wrong", "empty", "missing"])
def test_secret_must_be_right(caller: Caller, secret: str | None) -> None:
    assert refusal(caller.log_in_as_app(client_secret=secret)) == INVALID_CLIENT


def test_app_without_a_secret_cannot_log_in(caller: Caller, acme: Readymade) -> None:
    acme.app.change(consumer_secret=None)

    assert refusal(caller.log_in_as_app(client_secret="")) == INVALID_CLIENT


def test_login_host_refuses_apps_that_log_in(fake: FakeSalesforce, acme: Readymade) -> None:
    with Caller(fake, acme, by_proxy=True) as caller:
        for host in ("https://login.salesforce.com", "https://test.salesforce.com"):
            assert refusal(caller.log_in_as_app(host)) == NOT_ON_THIS_DOMAIN
        assert caller.log_in_as_app().status_code == 200
    assert acme.org.logins[0].status == "request not supported on this domain"


@pytest.mark.parametrize("username", [None, "nobody@acme.example"], ids=["none", "unknown"])
def test_app_needs_a_run_as_user(caller: Caller, acme: Readymade, username: str | None) -> None:
    acme.app.change(run_as=username)

    assert refusal(caller.log_in_as_app()) == NO_RUN_AS


def test_app_needs_a_scope_that_can_be_granted(caller: Caller, acme: Readymade) -> None:
    acme.app.change(scopes=("full", "refresh_token"))

    assert refusal(caller.log_in_as_app()) == (400, "invalid_grant", "no valid scopes defined")


def test_scope_parameter_is_refused(caller: Caller) -> None:
    assert refusal(caller.log_in_as_app(scope="api")) == (
        400,
        "invalid_request",
        "scope parameter not supported",
    )


@pytest.mark.parametrize("error", ["invalid_grant", "unauthorized_client"])
def test_flow_must_be_enabled(caller: Caller, acme: Readymade, error: str) -> None:
    acme.app.change(client_credentials_enabled=False)
    if error == "unauthorized_client":
        acme.org.settings.disabled_client_credentials_error = "unauthorized_client"

    assert refusal(caller.log_in_as_app()) == (400, error, "client credentials flow not enabled")


def test_unknown_app_is_refused(caller: Caller) -> None:
    assert refusal(caller.log_in_as_app(client_id="unknown"))[1] == "invalid_client_id"


def test_blocked_app_is_refused(caller: Caller, acme: Readymade) -> None:
    acme.app.change(blocked=True)

    assert refusal(caller.log_in_as_app())[1] == "invalid_client_id"
    assert refusal(caller.log_in())[1] == "invalid_client_id"


def test_inactive_run_as_user_is_refused(caller: Caller, acme: Readymade) -> None:
    acme.user.active = False

    assert refusal(caller.log_in_as_app()) == (400, "invalid_grant", "inactive user")


def test_run_as_user_needs_no_assignment_unless_the_org_asks_for_it(
    caller: Caller, acme: Readymade
) -> None:
    acme.app.unassign(acme.user.username)

    assert caller.log_in_as_app().status_code == 200
    acme.org.settings.run_as_needs_assignment = True
    assert refusal(caller.log_in_as_app()) == NOT_ASSIGNED
    acme.app.assign(acme.user.username)
    assert caller.log_in_as_app().status_code == 200


def test_logins_of_an_app_are_in_the_history_of_its_user(caller: Caller, acme: Readymade) -> None:
    caller.log_in_as_app()
    caller.log_in_as_app(client_secret="wrong")

    assert [(row.grant, row.username, row.status) for row in acme.org.logins] == [
        ("client_credentials", acme.user.username, "Success"),
        ("client_credentials", acme.user.username, "invalid client credentials"),
    ]
    assert "s3cret" not in repr(acme.org.logins)
