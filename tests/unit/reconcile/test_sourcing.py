"""Reading the source Secrets of a connection."""

from typing import Any

import pytest

from support.builders import MARK
from support.parts import Parts

REFS = {
    "auth": {
        "consumerKey": None,
        "consumerKeyRef": {"name": "crm-app", "key": "consumer-key"},
        "jwtBearer": {"username": None, "usernameRef": {"name": "crm-app", "key": "username"}},
    }
}


def give_app(parts: Parts, *, labelled: bool = True, **entries: str | bytes) -> None:
    plain: dict[str, str | bytes] = {
        "consumer-key": parts.ready.app.consumer_key,
        "username": parts.ready.user.username,
    }
    changed = {name.replace("_", "-"): value for name, value in entries.items()}
    parts.give_secret("crm-app", plain | changed, labelled=labelled)


async def connected(parts: Parts, spec: dict[str, Any] | None = None) -> None:
    parts.give_key()
    parts.connect(spec=spec or REFS)
    await parts.settle()


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
async def test_values_are_read_through_references(parts: Parts, end: str) -> None:
    give_app(
        parts,
        consumer_key=parts.ready.app.consumer_key + end,
        username=parts.ready.user.username + end,
    )

    await connected(parts)

    assert parts.condition() == "True TokenCurrent"
    versions = parts.status()["auth"]["sourceVersions"]
    assert sorted(versions) == ["crm-app", "crm-key"]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty"),
        pytest.param(f"{MARK}\n{MARK}", id="two lines"),
        pytest.param(MARK + "x" * 4096, id="too long"),
        pytest.param(MARK.encode() + b"\xff", id="no text"),
        pytest.param(f"{MARK}\x00", id="not printable"),
    ],
)
async def test_value_that_cannot_be_used_names_its_entry_and_no_content(
    parts: Parts, value: str | bytes
) -> None:
    give_app(parts, consumer_key=value)

    await connected(parts)

    assert parts.condition("Stalled") == "True SourceKeyMissing"
    assert "Secret crm-app, entry consumer-key" in parts.message()
    assert MARK not in parts.message()
    assert parts.logins() == 0


async def test_longest_value_is_taken(parts: Parts) -> None:
    give_app(parts, consumer_key="x" * 4096)

    await connected(parts)

    assert parts.logins() == 1


async def test_missing_entry_is_named(parts: Parts) -> None:
    parts.give_secret("crm-app", {"username": MARK})

    await connected(parts)

    assert "Secret crm-app has no entry consumer-key" in parts.message()
    assert MARK not in parts.message()


async def test_secret_that_may_not_be_read_is_no_fault_of_the_spec(parts: Parts) -> None:
    parts.server.fail(403, method="GET", part="crm-key")

    await connected(parts, {"suspend": False})

    assert parts.condition("Reconciling") == "True SourceSecretMissing"
    assert "may not be read" in parts.message()


async def test_labelled_sources_are_not_read_again(parts: Parts) -> None:
    give_app(parts)
    await connected(parts)
    parts.server.requests.clear()

    parts.advance(minutes=6)
    await parts.settle()

    assert parts.server.count()["GET secrets"] == 0
    assert parts.operator.passes.sourcing.next_reading(parts.record()) is None


@pytest.mark.parametrize(
    ("interval", "seconds"), [("1m", 60), ("5m", 300), ("1h", 300), ("0s", 300)]
)
async def test_unlabelled_source_is_read_again_in_time(
    parts: Parts, interval: str, seconds: int
) -> None:
    parts.give_key(labelled=False)
    parts.connect(spec={"token": {"verifyInterval": interval}})
    await parts.settle()
    sourcing, record = parts.operator.passes.sourcing, parts.record()

    assert sourcing.next_reading(record) == parts.clock.monotonic() + seconds
    assert not sourcing.reading_is_due(record)
    parts.clock.seconds += seconds
    assert sourcing.reading_is_due(record)


async def test_unlabelled_key_that_changed_is_parsed_again_and_an_unchanged_one_is_not(
    parts: Parts,
) -> None:
    parts.give_key(labelled=False)
    parts.connect()
    await parts.settle()
    before = parts.record().sources

    parts.advance(minutes=5)
    await parts.settle()
    assert parts.record().sources is before

    parts.change_secret("crm-key", {"data": {"note": "eA=="}})
    parts.advance(minutes=5)
    await parts.settle()
    assert parts.record().sources is not before
    assert parts.logins() == 1


async def test_suspended_or_refused_connection_does_not_look(parts: Parts) -> None:
    parts.give_key(labelled=False)
    parts.connect()
    await parts.settle()
    sourcing = parts.operator.passes.sourcing

    parts.change({"spec": {"suspend": True}})
    parts.watch()
    assert sourcing.next_reading(parts.record()) is None

    parts.change({"spec": {"suspend": False, "org": {"loginURL": "https://evil.example"}}})
    parts.watch()
    assert sourcing.next_reading(parts.record()) is None


async def test_certificate_that_cannot_be_read_is_announced_once_and_stops_no_login(
    parts: Parts,
) -> None:
    pem = parts.ready.keys.private_key
    parts.give_secret("crm-key", {"tls.key": pem, "tls.crt": "to follow"})
    parts.connect()

    await parts.settle()
    parts.ask_to_renew("1")
    await parts.settle()

    assert parts.condition() == "True TokenCurrent"
    assert parts.server.posted_events().count("KeyInvalid") == 1
