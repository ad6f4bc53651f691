"""A refresh token that was used is never sent again, whoever puts it back, and nothing else is."""

from typing import Any

import pytest

from support.approved import (
    SECRET,
    live_refresh_tokens,
    refresh_token_spec,
    stored_refresh_token,
)
from support.parts import Parts, connection_path, encoded, restarted


async def rotated_twice(parts: Parts) -> tuple[str, str]:
    """Connect and log in twice; return the first refresh token and the second."""
    parts.connect(spec=refresh_token_spec(parts))
    first = stored_refresh_token(parts)
    await parts.settle()
    second = stored_refresh_token(parts)
    parts.advance(minutes=1)
    parts.ask_to_renew("1")
    await parts.settle()
    return first, second


def put_back(parts: Parts, token: str, *, manager: str = "external-secrets") -> None:
    """Let another writer set the refresh token."""
    fields: dict[str, Any] = {"f:data": {"f:refresh": {}}}
    managed = [{"manager": manager, "operation": "Update", "fieldsV1": fields}]
    patch = {"data": encoded({"refresh": token}), "metadata": {"managedFields": managed}}
    parts.change_secret("crm-app", patch)


@pytest.mark.parametrize("which", [0, 1], ids=["the first", "the one before"])
async def test_used_refresh_token_that_is_put_back_is_never_sent(parts: Parts, which: int) -> None:
    tokens = await rotated_twice(parts)
    logins = parts.logins()

    put_back(parts, tokens[which])
    parts.advance(minutes=1)
    await parts.settle()
    parts.advance(minutes=20)
    await parts.settle()

    assert parts.logins() == logins
    assert parts.ready.org.is_live(parts.token())
    assert parts.condition("Stalled") == "True RefreshTokenExpired"
    assert parts.condition("TokenValid") == "True Verified"
    assert "Secret crm-app, entry refresh:" in parts.message()
    assert "It was written by external-secrets." in parts.message()
    assert "kubectl salesforce authorize" in parts.message()


async def test_used_refresh_token_is_not_sent_after_a_restart(parts: Parts) -> None:
    first, _ = await rotated_twice(parts)
    logins = parts.logins()
    put_back(parts, first)

    async with restarted(parts) as again:
        for _ in range(2):
            again.advance(minutes=40)
            await again.settle()

        assert again.logins() == logins
        assert again.condition("Stalled") == "True RefreshTokenExpired"
        assert first not in str(again.status())


async def test_new_approval_ends_the_failure_and_not_the_memory(parts: Parts) -> None:
    first, _ = await rotated_twice(parts)
    put_back(parts, first)
    parts.advance(minutes=1)
    await parts.settle()

    put_back(parts, parts.ready.org.approve(parts.ready.user, parts.ready.app), manager="kubectl")
    parts.advance(minutes=1)
    await parts.settle()
    assert parts.condition() == "True TokenCurrent"
    assert stored_refresh_token(parts) in live_refresh_tokens(parts)

    put_back(parts, first)
    parts.advance(minutes=1)
    await parts.settle()
    assert parts.condition("Stalled") == "True RefreshTokenExpired"
    assert parts.ready.org.is_live(parts.token())


async def test_used_refresh_token_is_not_sent_where_its_successor_was_lost(parts: Parts) -> None:
    parts.connect(spec=refresh_token_spec(parts))
    parts.server.fail(403, method="PATCH", part="/secrets/crm-app")
    parts.watch()
    await parts.run_passes()
    logins = parts.logins()

    async with restarted(parts) as again:
        again.advance(minutes=1)
        await again.settle()

        assert again.logins() == logins
        assert again.condition("Stalled") == "True RefreshTokenExpired"


async def test_unwritten_refresh_token_replaces_an_older_one_that_was_put_back(
    parts: Parts,
) -> None:
    first, _ = await rotated_twice(parts)
    parts.server.fail(503, method="PATCH", part="/secrets/crm-app")
    parts.advance(minutes=1)
    parts.ask_to_renew("2")
    parts.watch()
    await parts.run_passes()

    put_back(parts, first)
    parts.advance(minutes=1)
    await parts.settle()

    assert parts.condition() == "True TokenCurrent"
    assert stored_refresh_token(parts) in live_refresh_tokens(parts)


async def test_connections_that_share_a_refresh_token_share_what_is_known_of_it(
    parts: Parts,
) -> None:
    spec = refresh_token_spec(parts)
    first = stored_refresh_token(parts)
    parts.connect("crm", spec=spec)
    parts.connect("erp", spec=spec)
    await parts.settle()
    assert parts.condition("Ready", "erp") == parts.condition() == "True TokenCurrent"
    logins = parts.logins()
    put_back(parts, first)

    async with restarted(parts) as again:
        del again.server.objects[connection_path("crm")]
        for _ in range(2):
            again.advance(minutes=40)
            await again.settle()

        assert again.logins() == logins
        assert again.condition("Stalled", "erp") == "True RefreshTokenExpired"


async def test_refresh_token_with_a_blank_at_its_end_is_read(parts: Parts) -> None:
    spec = refresh_token_spec(parts)
    parts.give_secret("crm-app", {"secret": SECRET, "refresh": f"{stored_refresh_token(parts)} \n"})
    parts.connect(spec=spec)

    await parts.settle()

    assert parts.condition() == "True TokenCurrent"
    assert stored_refresh_token(parts) in live_refresh_tokens(parts)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("force://app:secret:MARKED@acme.my.salesforce.com", "sfdxAuthUrl", id="url"),
        pytest.param('{"refresh_token": "MARKED"}', "a JSON document", id="JSON"),
        pytest.param("  ", "only whitespace", id="blanks"),
    ],
)
async def test_what_is_no_refresh_token_is_refused_before_it_is_sent(
    parts: Parts, content: str, message: str
) -> None:
    spec = refresh_token_spec(parts)
    parts.give_secret("crm-app", {"secret": SECRET, "refresh": content})
    parts.connect(spec=spec)

    await parts.settle()

    assert parts.logins() == 0
    assert parts.condition("Stalled") == "True SourceKeyMissing"
    assert message in parts.message()
    assert "Secret crm-app, entry refresh" in parts.message()
    assert "MARKED" not in str(parts.status())
