"""Status and Events: what is told, and how often."""

import logging
from datetime import timedelta

import pytest

from support.parts import Parts, secret_path


async def connected(parts: Parts) -> None:
    parts.give_key()
    parts.connect()
    await parts.settle()


async def test_lasting_failure_is_one_event_and_few_writes(parts: Parts) -> None:
    parts.ready.org.outage(on=True)
    await connected(parts)

    for _ in range(60):
        parts.advance(seconds=10)
        await parts.settle()

    count = parts.status()["failure"]["count"]
    assert count >= 8
    assert parts.server.posted_events() == ["SalesforceUnavailable"]
    assert parts.server.count()["PATCH status"] <= 2 + count.bit_length()


async def test_end_and_return_of_a_failure_are_told(parts: Parts) -> None:
    parts.connect()
    await parts.settle()
    parts.give_key()
    await parts.settle()

    del parts.server.objects[secret_path("crm-key")]
    await parts.settle()

    told = parts.server.posted_events()
    assert told == ["SourceSecretMissing", "TokenMinted", "SourceSecretMissing"]


async def test_failure_that_lasts_keeps_its_beginning(parts: Parts) -> None:
    parts.server.put(secret_path("crm-token"), {})
    await connected(parts)
    since = parts.status()["failure"]["since"]

    parts.advance(seconds=30)
    await parts.settle()

    assert parts.status()["failure"]["since"] == since
    assert parts.status()["failure"]["reason"] == "TargetNotOwned"


async def test_refused_target_beside_another_failure_is_not_shown_first(parts: Parts) -> None:
    parts.server.put(secret_path("crm-token"), {})
    await connected(parts)
    parts.change_secret("crm-key", {"data": {"tls.key": "eA=="}})

    await parts.settle()

    assert parts.status()["failure"]["reason"] == "KeyInvalid"
    assert parts.condition("TargetsSynced") == "False TargetNotOwned"


async def test_event_that_cannot_be_posted_is_only_logged(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    parts.server.fail(403, part="events")

    with caplog.at_level(logging.WARNING):
        await connected(parts)

    assert "could not be posted" in caplog.text
    assert parts.condition() == "True TokenCurrent"


async def test_event_waits_for_its_status(parts: Parts) -> None:
    parts.give_key()
    parts.connect()
    parts.server.fail(503, part="status")
    parts.watch()

    await parts.run_passes()
    assert parts.server.posted_events() == []

    parts.advance(seconds=1)
    await parts.settle()
    assert parts.server.posted_events() == ["TokenMinted"]


@pytest.mark.parametrize(("minutes", "way"), [(2, "behind"), (-2, "ahead of")])
async def test_clock_that_is_off_is_told_once(parts: Parts, minutes: int, way: str) -> None:
    parts.fake.clock.advance(timedelta(minutes=minutes))
    await connected(parts)

    for _ in range(3):
        parts.advance(minutes=5)
        await parts.settle()

    told = [one for path, one in parts.server.objects.items() if "/events/" in path]
    skews = [one["message"] for one in told if one["reason"] == "ClockSkew"]
    assert len(skews) == 1
    assert f"120 s {way} Salesforce's" in skews[0]


async def test_token_of_a_fixed_expiry_is_safe_until_then(parts: Parts) -> None:
    parts.ready.app.change(jwt_format=True)
    await connected(parts)
    parts.ready.org.outage(on=True)

    parts.ask_to_renew("1")
    await parts.settle()

    assert parts.status()["failure"]["tokenSafeUntil"] == parts.status()["token"]["expiresAt"]


async def test_status_shows_no_token(parts: Parts) -> None:
    await connected(parts)

    assert parts.token()
    assert parts.token() not in str(parts.status())
    assert parts.token() not in repr(parts.record())
