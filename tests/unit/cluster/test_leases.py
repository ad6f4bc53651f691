"""The Lease that says who leads."""

from dataclasses import replace
from datetime import timedelta

import pytest

from support.builders import NOON
from support.fake_api import FakeApi
from token_operator.cluster.api import Api, ConflictError
from token_operator.cluster.leases import Lease, LeaseName, lease_time, read_lease, write_lease

WHERE = LeaseName(namespace="shop", name="operator")
MINE = Lease(
    holder="me",
    transitions=2,
    acquired_at=lease_time(NOON),
    renewed_at=lease_time(NOON),
    duration=timedelta(seconds=20),
)


async def test_lease_that_is_not_there_is_none(api: Api) -> None:
    assert await read_lease(api, WHERE) is None


async def test_lease_is_created_and_read_back(api: Api) -> None:
    written = await write_lease(api, WHERE, MINE)

    assert await read_lease(api, WHERE) == written
    assert written == replace(MINE, version=written.version)
    assert MINE.renewed_at == "2026-11-23T12:00:00.000000Z"


async def test_lease_is_replaced_as_it_was_seen(api: Api) -> None:
    first = await write_lease(api, WHERE, MINE)
    second = await write_lease(api, WHERE, replace(first, holder="you"))

    with pytest.raises(ConflictError):
        await write_lease(api, WHERE, replace(first, holder="me"))
    assert await read_lease(api, WHERE) == second


async def test_race_for_a_new_lease_has_one_winner(api: Api) -> None:
    await write_lease(api, WHERE, MINE)

    with pytest.raises(ConflictError):
        await write_lease(api, WHERE, replace(MINE, holder="you"))


async def test_lease_without_a_spec_is_held_by_nobody(api: Api, server: FakeApi) -> None:
    server.put(WHERE.path, {})

    found = await read_lease(api, WHERE)

    assert found is not None
    assert (found.holder, found.duration) == ("", timedelta(seconds=15))
