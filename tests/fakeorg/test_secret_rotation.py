"""Applying a new consumer secret (behaviour 53)."""

import pytest

from fakeorg import Readymade
from fakeorg.caller import Caller, refusal


@pytest.fixture(autouse=True)
def _old_secret(acme: Readymade) -> None:
    acme.app.change(
        consumer_secret="the old secret",
        client_credentials_enabled=True,
        run_as=acme.user.username,
    )


def test_new_secret_ends_all_tokens_of_the_app(caller: Caller, acme: Readymade) -> None:
    refresh_token = acme.org.approve(acme.user, acme.app)
    tokens = [
        caller.token(),
        caller.log_in_as_app().json()["access_token"],
        caller.refresh(refresh_token).json()["access_token"],
    ]
    assert [caller.limits(token).status_code for token in tokens] == [200, 200, 200]
    acme.org.rotate_secret(acme.app)

    assert [caller.limits(token).status_code for token in tokens] == [401, 401, 401]
    assert refusal(caller.refresh(refresh_token)) == (
        400,
        "invalid_grant",
        "expired access/refresh token",
    )


def test_only_the_new_secret_is_good(caller: Caller, acme: Readymade) -> None:
    applied = acme.org.rotate_secret(acme.app)

    assert refusal(caller.log_in_as_app(client_secret="the old secret"))[1] == "invalid_client"
    assert caller.log_in_as_app(client_secret=applied).status_code == 200


def test_tokens_of_another_app_live_on(caller: Caller, acme: Readymade) -> None:
    other = acme.org.add_app(consumer_secret="other", assigned=[acme.user.username])
    refresh_token = acme.org.approve(acme.user, other)
    credentials = {"client_id": other.consumer_key, "client_secret": "other"}
    token = caller.refresh(refresh_token, **credentials).json()["access_token"]
    acme.org.rotate_secret(acme.app, "the new secret")

    assert acme.app.latest.consumer_secret == "the new secret"
    assert caller.limits(token).status_code == 200
    assert caller.refresh(refresh_token, **credentials).status_code == 200


def test_removed_app_leaves_no_refresh_token(acme: Readymade) -> None:
    acme.org.approve(acme.user, acme.app)
    acme.org.remove_app(acme.app)

    assert acme.org.refresh_tokens == []
