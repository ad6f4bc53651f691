"""How a round of logins goes: keys, grants, and the refresh token that is given back."""

from datetime import timedelta
from typing import Any

import pytest

from fakeorg import faults, keys
from support.approved import (
    CONSUMER_SECRET,
    SECRET,
    live_refresh_tokens,
    refresh_token_spec,
    stored_refresh_token,
)
from support.parts import Parts, secret_path


def client_credentials_spec(parts: Parts) -> dict[str, Any]:
    parts.ready.app.change(
        consumer_secret=SECRET,
        client_credentials_enabled=True,
        run_as=parts.ready.user.username,
    )
    parts.give_secret("crm-app", {"secret": SECRET})
    return {"auth": {**CONSUMER_SECRET, "jwtBearer": None, "clientCredentials": {}}}


def two_keys() -> dict[str, Any]:
    sources = [{"secretName": "crm-key"}, {"secretName": "next-key"}]
    return {"auth": {"jwtBearer": {"keys": sources}}}


# --- Refresh tokens ---


async def test_rotated_refresh_token_is_stored_before_the_token_is_published(parts: Parts) -> None:
    parts.connect(spec=refresh_token_spec(parts))

    await parts.settle()

    written = [one.path for one in parts.server.requests if one.method in ("PATCH", "POST")]
    assert written.index(secret_path("crm-app")) == 0
    assert stored_refresh_token(parts) in live_refresh_tokens(parts)
    assert parts.ready.org.is_live(parts.token())


async def test_refresh_token_that_is_not_rotated_is_not_written(parts: Parts) -> None:
    parts.connect(spec=refresh_token_spec(parts, rotation=False))
    before = stored_refresh_token(parts)

    await parts.settle()

    assert stored_refresh_token(parts) == before
    assert parts.condition() == "True TokenCurrent"


async def test_own_write_of_a_refresh_token_is_no_change_of_the_sources(parts: Parts) -> None:
    parts.connect(spec=refresh_token_spec(parts))
    await parts.settle()
    logins = parts.logins()

    parts.advance(minutes=5)
    await parts.settle()

    assert parts.logins() == logins


async def test_rotated_refresh_token_that_could_not_be_stored_is_stored_first(
    parts: Parts,
) -> None:
    parts.connect(spec=refresh_token_spec(parts))
    parts.server.fail(503, method="PATCH", part="/secrets/crm-app")
    parts.watch()
    await parts.run_passes()

    parts.advance(seconds=30)
    await parts.settle()

    assert stored_refresh_token(parts) in live_refresh_tokens(parts)
    assert parts.condition() == "True TokenCurrent"


async def test_operator_that_may_not_store_a_refresh_token_says_so(parts: Parts) -> None:
    parts.connect(spec=refresh_token_spec(parts))
    parts.server.fail(403, method="PATCH", part="/secrets/crm-app")
    parts.watch()

    await parts.run_passes()

    assert "crm-app" in parts.message()
    assert "patch Secrets" in parts.message()


async def test_refresh_token_that_was_used_up_asks_for_a_new_approval(parts: Parts) -> None:
    parts.connect(spec=refresh_token_spec(parts))
    parts.ready.org.revoke_refresh_tokens()

    await parts.settle()

    assert parts.condition("Stalled") == "True RefreshTokenExpired"


# --- Client credentials ---


async def test_client_credentials_need_no_key(parts: Parts) -> None:
    parts.connect(spec=client_credentials_spec(parts))

    await parts.settle()

    assert parts.ready.org.is_live(parts.token())
    assert "activeKey" not in parts.status()["auth"]


async def test_changed_consumer_secret_is_proven_by_one_login(parts: Parts) -> None:
    parts.connect(spec=client_credentials_spec(parts))
    await parts.settle()
    logins, token = parts.logins(), parts.token()
    parts.ready.app.change(consumer_secret="another-secret")

    parts.give_secret("crm-app", {"secret": "another-secret"})
    await parts.settle()

    assert parts.logins() == logins + 1
    assert parts.token() == token


# --- Two keys ---


async def test_failing_pair_of_keys_names_the_first(parts: Parts) -> None:
    parts.give_key(pem=keys.key_pair("one").private_key)
    parts.give_key("next-key", pem=keys.key_pair("two").private_key)
    parts.connect(spec=two_keys())

    await parts.settle()

    assert parts.logins() == 2
    assert "crm-key" in parts.message()


async def test_failure_that_is_not_about_the_key_tries_no_other_key(parts: Parts) -> None:
    parts.give_key()
    parts.give_key("next-key", pem=keys.key_pair("two").private_key)
    parts.connect(spec=two_keys())
    parts.ready.user.active = False

    await parts.settle()

    assert parts.logins() == 1
    assert parts.condition("Stalled") == "True UserInactive"


async def test_second_key_alone_is_no_reason_for_a_login(parts: Parts) -> None:
    parts.give_key()
    parts.connect()
    await parts.settle()
    parts.give_key("next-key", pem=keys.key_pair("two").private_key)

    parts.change({"spec": two_keys()})
    await parts.settle()

    assert parts.logins() == 1


@pytest.mark.parametrize("fault", [faults.UNAVAILABLE, faults.RESET])
async def test_host_that_fails_ends_the_round(parts: Parts, fault: faults.Fault) -> None:
    parts.give_key(pem=keys.key_pair("one").private_key)
    parts.give_key("next-key", pem=keys.key_pair("two").private_key)
    parts.connect(spec=two_keys())
    parts.ready.org.fail("token", fault, times=1)
    parts.watch()

    await parts.run_passes()

    assert parts.logins() == 1


# --- Somebody else writes the Secret at the same time ---


async def test_secret_that_changes_meanwhile_gets_the_rotated_token_all_the_same(
    parts: Parts,
) -> None:
    parts.connect(spec=refresh_token_spec(parts))

    def annotate() -> None:
        parts.change_secret("crm-app", {"metadata": {"annotations": {"note": "mine"}}})

    parts.server.meanwhile(annotate, method="PATCH", part="/secrets/crm-app")
    await parts.settle()

    assert stored_refresh_token(parts) in live_refresh_tokens(parts)
    assert (parts.secret("crm-app") or {})["metadata"]["annotations"] == {"note": "mine"}


async def test_refresh_token_that_somebody_stores_meanwhile_is_left_alone(parts: Parts) -> None:
    parts.connect(spec=refresh_token_spec(parts))

    def approve_again() -> None:
        parts.give_secret("crm-app", {"secret": SECRET, "refresh": "another-approval"})

    parts.server.meanwhile(approve_again, method="PATCH", part="/secrets/crm-app")
    parts.watch()
    await parts.run_passes()

    assert stored_refresh_token(parts) == "another-approval"


# --- Introspection ---


async def test_lifetime_is_what_introspection_tells(parts: Parts) -> None:
    parts.ready.org.settings.session_timeout = timedelta(minutes=20)
    parts.connect(spec=client_credentials_spec(parts))

    await parts.settle()

    token = parts.status()["token"]
    assert token["expirySource"] == "Introspection"
    assert token["expiresAt"] == "2026-11-23T12:20:00Z"


async def test_refused_introspection_leaves_the_configured_lifetime(parts: Parts) -> None:
    parts.connect(spec=client_credentials_spec(parts))
    parts.ready.org.fail("introspect", faults.UNAVAILABLE, times=1)

    await parts.settle()

    assert parts.status()["token"]["expirySource"] == "Configured"
    assert parts.condition() == "True TokenCurrent"


# --- A rotation as it really goes ---


async def test_rotation_while_old_and_new_answers_alternate_costs_a_handful_of_logins(
    parts: Parts,
) -> None:
    following = keys.key_pair("two")
    parts.give_key()
    parts.give_key("next-key", pem=following.private_key)
    parts.connect(spec=two_keys())
    await parts.settle()
    settings = parts.ready.org.settings
    settings.propagation_delay, settings.flapping = timedelta(minutes=8), True
    parts.ready.app.replace_certificate(following.certificate)

    for minute in range(120):
        parts.ask_to_renew(str(minute // 10))  # far more often than by the timer
        parts.advance(minutes=1)
        await parts.settle()
        assert parts.ready.org.is_live(parts.token())

    refused = [row for row in parts.ready.org.logins if not row.succeeded]
    assert len(refused) <= 5
    assert parts.status()["auth"]["activeKey"]["secretName"] == "next-key"
    assert parts.condition() == "True TokenCurrent"
