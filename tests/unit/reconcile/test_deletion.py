"""Leaving: the finalizer, and the revocation it stands for."""

from typing import Any

from fakeorg import faults
from support.connected import running
from support.parts import Parts, connection_path, key_of
from token_operator.domain.lifecycle import Lifecycle
from token_operator.domain.state import State

FINALIZER = "salesforce-token.dev/revoke"
REVOKE: dict[str, Any] = {"token": {"revokeOnDelete": True}}


def finalizers(parts: Parts, name: str = "crm") -> list[str]:
    found: list[str] = parts.server.objects[connection_path(name)]["metadata"].get("finalizers", [])
    return found


def ask_to_delete(parts: Parts, name: str = "crm") -> None:
    at = parts.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    parts.change({"metadata": {"deletionTimestamp": at}}, name)


async def test_without_revocation_there_is_no_finalizer(parts: Parts) -> None:
    token = await running(parts)

    ask_to_delete(parts)
    await parts.settle()

    assert finalizers(parts) == []
    assert parts.ready.org.is_live(token)


async def test_finalizer_comes_and_goes_with_the_spec(parts: Parts) -> None:
    await running(parts, REVOKE)
    assert finalizers(parts) == [FINALIZER]

    parts.change({"spec": {"token": {"revokeOnDelete": False}}})
    await parts.settle()

    assert finalizers(parts) == []


async def test_finalizers_of_others_stay(parts: Parts) -> None:
    await running(parts)
    parts.change({"metadata": {"finalizers": ["a/b"]}, "spec": REVOKE})
    await parts.settle()
    assert finalizers(parts) == ["a/b", FINALIZER]

    ask_to_delete(parts)
    await parts.settle()

    assert finalizers(parts) == ["a/b"]


async def test_session_is_revoked_before_the_connection_goes(parts: Parts) -> None:
    token = await running(parts, REVOKE)

    ask_to_delete(parts)
    await parts.settle()

    assert finalizers(parts) == []
    assert not parts.ready.org.is_live(token)
    assert parts.server.posted_events()[-1] == "TokenRevoked"
    assert parts.logins() == 1


async def test_suspended_connection_is_let_go_too(parts: Parts) -> None:
    token = await running(parts, REVOKE)
    parts.change({"spec": {"suspend": True}})
    await parts.settle()

    ask_to_delete(parts)
    await parts.settle()

    assert finalizers(parts) == []
    assert not parts.ready.org.is_live(token)


async def test_session_that_another_connection_uses_is_not_revoked(parts: Parts) -> None:
    token = await running(parts, REVOKE)
    parts.connect("erp")
    await parts.settle()
    assert parts.token("erp-token") == token

    ask_to_delete(parts)
    await parts.settle()

    assert finalizers(parts) == []
    assert parts.ready.org.is_live(token)


async def test_revocation_that_fails_is_tried_for_a_minute(parts: Parts) -> None:
    token = await running(parts, REVOKE)
    parts.ready.org.fail("revoke", faults.UNAVAILABLE, times=None)

    ask_to_delete(parts)
    await parts.settle()
    assert finalizers(parts) == [FINALIZER]
    assert parts.due_in() == 5

    for _ in range(11):
        parts.advance(seconds=5)
        await parts.settle()
        assert finalizers(parts) == [FINALIZER]
    parts.advance(seconds=5)
    await parts.settle()
    assert finalizers(parts) == []
    assert parts.ready.org.is_live(token)


async def test_connection_without_a_token_goes_at_once(parts: Parts) -> None:
    parts.connect(spec=REVOKE)
    await parts.settle()
    assert finalizers(parts) == [FINALIZER]

    ask_to_delete(parts)
    await parts.settle()

    assert finalizers(parts) == []
    assert parts.ready.org.calls["revoke"] == 0


async def test_token_is_looked_for_where_the_operator_has_just_started(parts: Parts) -> None:
    token = await running(parts, REVOKE)
    parts.record().lifecycle = Lifecycle(State(is_cold=True))

    ask_to_delete(parts)
    await parts.settle()

    assert not parts.ready.org.is_live(token)


async def test_connection_that_changed_meanwhile_is_written_later(parts: Parts) -> None:
    token = await running(parts, REVOKE)
    ask_to_delete(parts)
    parts.server.fail(409, method="PATCH", part="salesforceconnections")

    await parts.settle()
    assert finalizers(parts) == [FINALIZER]

    parts.advance(seconds=1)
    await parts.settle()
    assert finalizers(parts) == []
    assert not parts.ready.org.is_live(token)


async def test_connection_that_is_gone_meanwhile_is_left(parts: Parts) -> None:
    await running(parts, REVOKE)
    ask_to_delete(parts)
    parts.server.fail(404, method="PATCH", part="salesforceconnections")

    await parts.settle()

    assert parts.operator.queue.due_of(key_of()) is not None or not parts.due_in()
