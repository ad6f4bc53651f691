"""A look at everything: what a broken watch has missed is made good."""

import asyncio

import pytest

from support.connected import running
from support.parts import NAMESPACE, Parts, connection_path, key_of, secret_path
from token_operator.runtime import resync as module
from token_operator.runtime.resync import Resync


@pytest.fixture
def resync(parts: Parts) -> Resync:
    operator = parts.operator
    return Resync(operator.api, operator.intake, operator.controllers, (NAMESPACE,))


async def test_connection_that_went_unseen_is_forgotten(parts: Parts, resync: Resync) -> None:
    await running(parts)
    del parts.server.objects[connection_path()]

    await resync.look()

    assert parts.operator.records.get(key_of()) is None


async def test_what_is_as_it_was_asks_for_nothing(parts: Parts, resync: Resync) -> None:
    await running(parts)

    await resync.look()

    assert parts.operator.records.get(key_of()) is not None
    assert parts.operator.queue.depth == 0


async def test_target_that_went_unseen_is_written_again(parts: Parts, resync: Resync) -> None:
    await running(parts)
    del parts.server.objects[secret_path("crm-token")]

    await resync.look()
    await parts.run_passes()

    assert parts.token()


async def test_key_that_changed_unseen_is_read(parts: Parts, resync: Resync) -> None:
    await running(parts)
    parts.change_secret("crm-key", {"data": {"note": "eA=="}})

    await resync.look()

    assert parts.record().known_sources.is_stale


async def test_connection_that_is_made_anew_meanwhile_stays(parts: Parts, resync: Resync) -> None:
    await running(parts)

    def make_anew() -> None:
        del parts.server.objects[connection_path()]
        parts.connect()
        parts.watch()

    parts.server.meanwhile(make_anew, method="GET", part="/secrets")
    await resync.look()

    assert parts.operator.records.get(key_of()) is not None


async def test_failed_look_is_only_logged(
    parts: Parts,
    resync: Resync,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.0)
    second = asyncio.Event()
    parts.server.fail(503)
    parts.server.fail(503, first=second.set)

    task = asyncio.create_task(resync.run())
    async with asyncio.timeout(5):
        await second.wait()
    task.cancel()

    assert "A resync failed" in caplog.text
