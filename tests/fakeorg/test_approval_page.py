"""Approving an app in a browser (behaviours 19 and 52, section 3.3)."""

import re

import pytest

from fakeorg import FakeSalesforce, Readymade
from fakeorg.browser import sent_back
from fakeorg.caller import Caller, refusal

BLOCKED = ("OAUTH_APP_BLOCKED", "this app is blocked by admin")
NOT_FOUND = ("OAUTH_EC_APP_NOT_FOUND", "External client app is not installed in this org")
NO_ACCESS = ("OAUTH_APP_ACCESS_DENIED", "user is not admin approved to access this app")


def test_user_who_allows_is_sent_back_with_a_code_and_the_state(
    caller: Caller, acme: Readymade
) -> None:
    answer = caller.open_approval_page(state="a state & more").press("allow")

    assert answer.status_code == 302
    address, query = sent_back(answer)
    assert address == acme.app.latest.callback_urls[0]
    assert query.keys() == {"code", "state"}
    assert query["state"] == "a state & more"
    assert re.fullmatch(r"aPrx[A-Za-z0-9._]{82}==", query["code"])
    assert "%3D%3D" in answer.headers["Location"]


def test_state_that_was_not_sent_does_not_come_back(caller: Caller) -> None:
    assert sent_back(caller.open_approval_page().press("allow"))[1].keys() == {"code"}


def test_redirect_uri_may_have_a_query_of_its_own(caller: Caller, acme: Readymade) -> None:
    acme.app.change(callback_urls=("http://127.0.0.1:1/back?from=salesforce",))
    _, query = sent_back(caller.open_approval_page().press("allow"))

    assert query["from"] == "salesforce"
    assert query["code"].startswith("aPrx")


def test_user_who_approved_once_can_log_in_by_assertion(caller: Caller, acme: Readymade) -> None:
    acme.app.change(policy="self-authorize", assigned=[])
    assert refusal(caller.log_in())[2] == "user hasn't approved this consumer"
    caller.open_approval_page().press("allow", acme.user.username)

    assert caller.log_in().status_code == 200


def test_approval_is_that_of_the_chosen_user(caller: Caller, acme: Readymade) -> None:
    other = acme.org.add_user("other@acme.example")
    acme.app.change(policy="self-authorize", assigned=[])
    caller.open_approval_page().press("allow", other.username)

    assert acme.app.latest.approved == {other.username}
    assert refusal(caller.log_in())[2] == "user hasn't approved this consumer"
    assert caller.log_in(sub=other.username).status_code == 200


def test_user_who_denies_is_sent_back_with_an_error(caller: Caller, acme: Readymade) -> None:
    acme.app.change(policy="self-authorize", assigned=[])
    _, query = sent_back(caller.open_approval_page(state="s").press("deny"))

    assert query == {
        "error": "access_denied",
        "error_description": "end-user denied authorization",
        "state": "s",
    }
    assert refusal(caller.log_in())[2] == "user hasn't approved this consumer"


def test_page_offers_active_users_and_names_app_and_scopes(caller: Caller, acme: Readymade) -> None:
    acme.app.change(name="<b>Tom & Jerry</b>")
    acme.org.add_user("zoe@acme.example")
    acme.org.add_user("gone@acme.example").active = False
    page = caller.open_approval_page(login_hint="zoe@acme.example", scope="api id")

    assert page.users == [acme.user.username, "zoe@acme.example"]
    assert page.chosen == "zoe@acme.example"
    assert "&lt;b&gt;Tom &amp; Jerry&lt;/b&gt;" in page.answer.text
    assert "<li>api</li><li>id</li></ul>" in page.answer.text
    assert "<script" not in page.answer.text
    assert page.answer.headers["Cache-Control"] == "no-store"


def test_user_who_became_inactive_meanwhile_is_asked_again(caller: Caller, acme: Readymade) -> None:
    page = caller.open_approval_page()
    acme.user.active = False
    answer = page.press("allow")

    assert answer.status_code == 200
    assert "<form" in answer.text


def test_user_whom_no_admin_approved_is_sent_back(caller: Caller, acme: Readymade) -> None:
    acme.app.unassign(acme.user.username)
    _, query = sent_back(caller.open_approval_page().press("allow"))

    assert (query["error"], query["error_description"]) == NO_ACCESS


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"blocked": True}, BLOCKED, id="blocked"),
        pytest.param({"installed": False}, NOT_FOUND, id="not installed"),
        pytest.param(
            {"pkce_required": True},
            ("invalid_request", "missing required code challenge"),
            id="no challenge",
        ),
        pytest.param(
            {"scopes": ("id",)},
            ("invalid_scope", "the requested scope is not allowed"),
            id="scope not of the app",
        ),
    ],
)
def test_app_that_may_not_ask_is_told_so(
    caller: Caller, acme: Readymade, change: dict[str, object], expected: tuple[str, str]
) -> None:
    acme.app.change(**change)  # type: ignore[arg-type] # a table of fields
    answer = caller.open_approval_page(state="s", scope="api").answer

    assert answer.status_code == 302
    _, query = sent_back(answer)
    assert (query["error"], query["error_description"], query["state"]) == (*expected, "s")


def test_only_codes_can_be_asked_for(caller: Caller) -> None:
    answer = caller.open_approval_page(response_type="token").answer

    assert sent_back(answer)[1]["error"] == "unsupported_response_type"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("client_id", "unknown", "client identifier invalid"),
        ("redirect_uri", "https://evil.example/", "redirect_uri must match configuration"),
        ("redirect_uri", None, "redirect_uri must match configuration"),
    ],
    ids=["unknown app", "foreign redirect URI", "no redirect URI"],
)
def test_browser_is_not_sent_anywhere_unknown(
    caller: Caller, name: str, value: str | None, words: str
) -> None:
    answer = caller.open_approval_page(**{name: value}).answer

    assert answer.status_code == 400
    assert words in answer.text
    assert "Location" not in answer.headers


def test_site_user_is_sent_back_with_the_site(caller: Caller, acme: Readymade) -> None:
    site = acme.org.add_site("customers")
    member = acme.org.add_user("member@acme.example", site=site)
    acme.app.assign(member.username)
    _, query = sent_back(caller.open_approval_page().press("allow", member.username))

    assert query["sfdc_community_url"] == site.url


def test_login_host_offers_the_users_of_all_orgs_with_the_app(
    fake: FakeSalesforce, acme: Readymade
) -> None:
    twin = fake.add_org("twin")
    app = twin.add_app(consumer_key=acme.app.consumer_key, policy="self-authorize")
    user = twin.add_user("zoe@twin.example")
    acme.app.change(policy="self-authorize")
    with Caller(fake, acme, by_proxy=True) as caller:
        page = caller.open_approval_page(acme.org.login_host_url)
        page.press("allow", user.username)

    assert page.users == [acme.user.username, user.username]
    assert app.latest.approved == {user.username}
    assert acme.app.latest.approved == frozenset()


def test_success_page_of_salesforce_is_there(fake: FakeSalesforce, acme: Readymade) -> None:
    with Caller(fake, acme, by_proxy=True) as caller:
        answer = caller.open_approval_page().press("allow")
        landed = caller.http.get(answer.headers["Location"])

    assert landed.status_code == 200
    assert "succeeded" in landed.text


def test_app_that_must_be_installed_is_named_on_a_page(caller: Caller, acme: Readymade) -> None:
    acme.app.change(installed=False)
    acme.org.settings.missing_app_error = "invalid_client"

    page = caller.open_approval_page().answer.text

    assert "invalid_client" in page
    assert "app must be installed into org" in page
