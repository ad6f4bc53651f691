"""Exchanging an authorization code (behaviour 52)."""

import base64
import hashlib
from urllib.parse import quote

import pytest

from fakeorg import FakeSalesforce, Readymade
from fakeorg.browser import sent_back
from fakeorg.caller import Caller, refusal

EXPIRED = (400, "invalid_grant", "expired authorization code")
INVALID = (400, "invalid_grant", "invalid authorization code")
INVALID_VERIFIER = (400, "invalid_grant", "invalid code verifier")
INVALID_CLIENT = (400, "invalid_client", "invalid client credentials")
VERIFIER = "a-verifier-of-43-characters-or-more-0123456789"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)


@pytest.fixture(autouse=True)
def _secret(acme: Readymade) -> None:
    acme.app.change(consumer_secret="s3cret of the app")


def code_from(caller: Caller, **query: str) -> str:
    return sent_back(caller.open_approval_page(**query).press("allow"))[1]["code"]


def test_code_gives_access_token_and_refresh_token(caller: Caller, acme: Readymade) -> None:
    content = caller.exchange_code(code_from(caller)).json()

    assert caller.limits(content["access_token"]).status_code == 200
    assert content["scope"] == "api id refresh_token"
    assert content["id"].endswith(acme.user.user_id)
    assert content["issued_at"].isdigit()
    assert caller.refresh(content["refresh_token"]).status_code == 200


def test_code_for_scopes_without_refresh_gives_no_refresh_token(
    caller: Caller, acme: Readymade
) -> None:
    content = caller.exchange_code(code_from(caller, scope="api id")).json()

    assert content["scope"] == "api id"
    assert "refresh_token" not in content
    assert acme.org.refresh_tokens == []


def test_code_is_good_once(caller: Caller, acme: Readymade) -> None:
    code = code_from(caller)

    assert caller.exchange_code(code).status_code == 200
    assert refusal(caller.exchange_code(code)) == EXPIRED
    assert len(acme.org.refresh_tokens) == 1


def test_code_lives_for_fifteen_minutes(caller: Caller, fake: FakeSalesforce) -> None:
    early, late = code_from(caller), code_from(caller)
    fake.clock.advance(14 * 60)
    assert caller.exchange_code(early).status_code == 200
    fake.clock.advance(61)

    assert refusal(caller.exchange_code(late)) == EXPIRED


def test_unknown_or_twice_escaped_code_is_invalid(caller: Caller) -> None:
    assert refusal(caller.exchange_code("aPrxUnknown==")) == INVALID
    assert refusal(caller.exchange_code(quote(code_from(caller), safe=""))) == INVALID


def test_code_of_another_app_is_invalid(caller: Caller, acme: Readymade) -> None:
    other = acme.org.add_app(consumer_secret="s3cret of the app", assigned=[acme.user.username])

    answer = caller.exchange_code(code_from(caller), client_id=other.consumer_key)

    assert refusal(answer) == INVALID


def test_redirect_uri_must_be_the_one_the_code_was_sent_to(caller: Caller, acme: Readymade) -> None:
    code = code_from(caller)
    other = acme.app.latest.callback_urls[1]

    assert refusal(caller.exchange_code(code, redirect_uri=other)) == (
        400,
        "redirect_uri_mismatch",
        "redirect_uri must match configuration",
    )
    assert caller.exchange_code(code).status_code == 200


@pytest.mark.parametrize("verifier", ["", "wrong", CHALLENGE], ids=["absent", "wrong", "plain"])
def test_verifier_must_fit_the_challenge(caller: Caller, verifier: str) -> None:
    code = code_from(caller, code_challenge=CHALLENGE, code_challenge_method="S256")

    assert refusal(caller.exchange_code(code, code_verifier=verifier)) == INVALID_VERIFIER
    assert caller.exchange_code(code, code_verifier=VERIFIER).status_code == 200


def test_code_without_a_challenge_is_refused_once_the_app_asks_for_pkce(
    caller: Caller, acme: Readymade
) -> None:
    code = code_from(caller)
    acme.app.change(pkce_required=True)

    assert refusal(caller.exchange_code(code, code_verifier=VERIFIER)) == INVALID_VERIFIER


def test_exchange_needs_the_secret_unless_the_app_does_without(
    caller: Caller, acme: Readymade
) -> None:
    code = code_from(caller)

    assert refusal(caller.exchange_code(code, client_secret="wrong")) == INVALID_CLIENT
    assert refusal(caller.exchange_code(code, client_secret="")) == INVALID_CLIENT
    acme.app.change(require_secret_for_code=False)
    assert caller.exchange_code(code, client_secret="").status_code == 200


def test_user_who_is_frozen_after_the_approval_is_refused(caller: Caller, acme: Readymade) -> None:
    code = code_from(caller)
    acme.user.frozen = True

    assert refusal(caller.exchange_code(code)) == (400, "invalid_grant", "inactive user")


def test_exchanges_are_in_the_login_history(caller: Caller, acme: Readymade) -> None:
    code = code_from(caller)
    caller.exchange_code(code)
    caller.exchange_code(code)

    assert [(row.grant, row.username, row.status) for row in acme.org.logins] == [
        ("authorization_code", acme.user.username, "Success"),
        ("authorization_code", acme.user.username, "expired authorization code"),
    ]
    assert code not in repr(acme.org.logins)


def test_code_can_be_exchanged_at_the_login_host(fake: FakeSalesforce, acme: Readymade) -> None:
    with Caller(fake, acme, by_proxy=True) as caller:
        host = acme.org.login_host_url
        page = caller.open_approval_page(host)
        answer = caller.exchange_code(sent_back(page.press("allow"))[1]["code"], host)

    assert answer.json()["instance_url"] == acme.org.my_domain_url
