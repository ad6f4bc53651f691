"""Who leads, by an Elector over a loopback API and a clock that the test sets."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from support.clock import SettableClock
from support.lease_server import LeaseServer, lease_server
from token_operator.cluster.api import Api, ConflictError
from token_operator.cluster.leases import LeaseName, lease_time
from token_operator.runtime import election
from token_operator.runtime.election import DEADLINE, DURATION, Elector, LeaseLostError

A_MOMENT = timedelta(milliseconds=1)
NAME = LeaseName(namespace="there", name="salesforce-token-operator")


@pytest.fixture
async def connected() -> AsyncIterator[tuple[LeaseServer, Api]]:
    async with lease_server() as both:
        yield both


@pytest.fixture
def server(connected: tuple[LeaseServer, Api]) -> LeaseServer:
    return connected[0]


@pytest.fixture
def api(connected: tuple[LeaseServer, Api]) -> Api:
    return connected[1]


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def elector(api: Api, clock: SettableClock) -> Elector:
    return Elector(api=api, where=NAME, identity="me", clock=clock)


@pytest.fixture
def other(api: Api, clock: SettableClock) -> Elector:
    return Elector(api=api, where=NAME, identity="other", clock=clock)


@pytest.fixture
def _short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    # The seconds between two tries are waited for in earnest.
    monkeypatch.setattr(election, "PAUSE", timedelta(milliseconds=5))


@contextlib.asynccontextmanager
async def holding(one: Elector) -> AsyncIterator[asyncio.Task[None]]:
    """Let an elector hold its Lease meanwhile."""
    task = asyncio.create_task(one.hold())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def leads(one: Elector) -> bool:
    try:
        one.guard()
    except LeaseLostError:
        return False
    return True


def test_nobody_may_write_before_leading(elector: Elector) -> None:
    assert not leads(elector)


async def test_lease_that_does_not_exist_is_created_and_held(
    elector: Elector, server: LeaseServer, clock: SettableClock
) -> None:
    await elector.acquire()

    assert leads(elector)
    assert server.spec == {
        "holderIdentity": "me",
        "leaseDurationSeconds": 15,
        "acquireTime": lease_time(clock.now()),
        "renewTime": lease_time(clock.now()),
        "leaseTransitions": 0,
    }


async def test_lease_that_was_given_back_is_taken_at_once(
    elector: Elector, server: LeaseServer
) -> None:
    server.store(holder="", transitions=4)

    await elector.acquire()

    assert server.spec["holderIdentity"] == "me"
    assert server.spec["leaseTransitions"] == 5


async def test_lease_of_another_is_taken_once_it_was_unchanged_for_its_duration(
    elector: Elector, server: LeaseServer, clock: SettableClock
) -> None:
    server.store(holder="other", transitions=4)

    assert not await elector._try()
    clock.advance(DURATION - A_MOMENT)
    assert not await elector._try()
    clock.advance(A_MOMENT)
    assert await elector._try()

    assert server.spec["holderIdentity"] == "me"
    assert server.spec["leaseTransitions"] == 5


async def test_renewal_by_its_holder_starts_the_wait_anew(
    elector: Elector, server: LeaseServer, clock: SettableClock
) -> None:
    server.store(holder="other")
    await elector._try()
    clock.advance(DURATION - A_MOMENT)
    server.store(holder="other")

    assert not await elector._try()
    clock.advance(DURATION - A_MOMENT)
    assert not await elector._try()


async def test_duration_that_the_holder_promised_counts(
    elector: Elector, server: LeaseServer, clock: SettableClock
) -> None:
    server.store(holder="other", seconds=60)
    await elector._try()

    clock.advance(timedelta(seconds=59))
    assert not await elector._try()
    clock.advance(timedelta(seconds=1))
    assert await elector._try()


async def test_wall_clock_decides_nothing(
    elector: Elector, other: Elector, clock: SettableClock
) -> None:
    await other.acquire()
    await elector._try()

    clock.set_wall_clock(timedelta(hours=1))

    assert leads(other)
    assert not await elector._try()


async def test_leader_may_write_for_ten_seconds_after_a_renewal(
    elector: Elector, clock: SettableClock
) -> None:
    await elector.acquire()

    clock.advance(DEADLINE - A_MOMENT)
    assert leads(elector)
    clock.advance(A_MOMENT)
    assert not leads(elector)
    assert await elector._try()
    assert leads(elector)


async def test_deadline_counts_from_before_the_renewal_was_sent(
    elector: Elector, server: LeaseServer, clock: SettableClock
) -> None:
    server.on_request = lambda _: clock.advance(timedelta(seconds=4))
    await elector.acquire()  # a read and a write: 8 s

    clock.advance(timedelta(seconds=2))

    assert not leads(elector)


async def test_leader_who_took_too_long_to_claim_may_not_write(
    elector: Elector, server: LeaseServer, clock: SettableClock
) -> None:
    server.on_request = lambda _: clock.advance(DEADLINE / 2)

    await elector.acquire()

    assert not leads(elector)


async def test_race_for_the_lease_has_one_winner(
    elector: Elector, other: Elector, server: LeaseServer
) -> None:
    server.store(holder="")
    tries = await asyncio.gather(elector._try(), other._try(), return_exceptions=True)

    assert sorted(map(str, map(leads, (elector, other)))) == ["False", "True"]
    assert [type(one) for one in tries if one is not True] in ([ConflictError], [bool])


@pytest.mark.usefixtures("_short_pause")
async def test_loser_of_a_race_waits_on(elector: Elector, server: LeaseServer) -> None:
    def be_faster(method: str) -> None:
        if method == "POST":
            server.store(holder="other")

    server.on_request = be_faster

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(elector.acquire(), 0.1)

    assert server.spec["holderIdentity"] == "other"
    assert not leads(elector)


@pytest.mark.usefixtures("_short_pause")
async def test_standby_outlives_every_trouble_of_the_api_server(
    elector: Elector, server: LeaseServer
) -> None:
    server.trouble = 503
    waiting = asyncio.create_task(elector.acquire())
    await asyncio.sleep(0.05)
    assert not waiting.done()

    server.trouble = 0
    await asyncio.wait_for(waiting, 2)

    assert leads(elector)


@pytest.mark.usefixtures("_short_pause")
async def test_missing_role_is_told_once_with_its_remedy(
    elector: Elector, server: LeaseServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.trouble = 403
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(elector.acquire(), 0.1)

    (told,) = [record.getMessage() for record in caplog.records]
    assert "Grant the chart's role" in told


@pytest.mark.usefixtures("_short_pause")
async def test_leader_renews_as_long_as_it_holds(
    elector: Elector, server: LeaseServer, clock: SettableClock
) -> None:
    await elector.acquire()
    acquired_at = server.spec["acquireTime"]

    async with holding(elector):
        for _ in range(5):
            clock.advance(timedelta(seconds=8))
            await asyncio.sleep(0.05)
            assert leads(elector)

    assert server.spec["renewTime"] == lease_time(clock.now())
    assert server.spec["acquireTime"] == acquired_at
    assert server.spec["leaseTransitions"] == 0


@pytest.mark.usefixtures("_short_pause")
async def test_leader_whose_lease_was_taken_has_lost(elector: Elector, server: LeaseServer) -> None:
    await elector.acquire()
    server.store(holder="other")

    with pytest.raises(LeaseLostError, match=r"there/salesforce-token-operator was lost"):
        await asyncio.wait_for(elector.hold(), 2)


@pytest.mark.usefixtures("_short_pause")
async def test_leader_without_an_api_server_has_lost_at_its_deadline(
    elector: Elector, server: LeaseServer, clock: SettableClock
) -> None:
    await elector.acquire()
    server.trouble = 503

    async with holding(elector) as task:
        clock.advance(DEADLINE - timedelta(seconds=5))
        await asyncio.sleep(0.05)
        assert not task.done()
        clock.advance(timedelta(seconds=5))

        with pytest.raises(LeaseLostError):
            await asyncio.wait_for(task, 2)


@pytest.mark.usefixtures("_short_pause")
async def test_api_server_that_does_not_answer_ends_the_leading_at_the_deadline(
    elector: Elector, server: LeaseServer, clock: SettableClock
) -> None:
    await elector.acquire()
    server.answers.clear()
    clock.advance(DEADLINE - timedelta(milliseconds=50))

    with pytest.raises(LeaseLostError):
        await asyncio.wait_for(elector.hold(), 1)


@pytest.mark.usefixtures("_short_pause")
async def test_short_trouble_of_the_api_server_costs_no_leader(
    elector: Elector, server: LeaseServer, clock: SettableClock
) -> None:
    await elector.acquire()
    server.trouble = 503

    async with holding(elector):
        clock.advance(timedelta(seconds=9))
        await asyncio.sleep(0.05)
        server.trouble = 0
        await asyncio.sleep(0.05)
        clock.advance(timedelta(seconds=9))

        assert leads(elector)


async def test_released_lease_passes_to_a_standby_without_a_wait(
    elector: Elector, other: Elector, server: LeaseServer
) -> None:
    await elector.acquire()
    assert not await other._try()

    await elector.release()

    assert server.spec["holderIdentity"] == ""
    assert not leads(elector)
    assert await other._try()
    assert server.spec["leaseTransitions"] == 1


async def test_release_leaves_the_lease_of_another(elector: Elector, server: LeaseServer) -> None:
    await elector.acquire()
    server.store(holder="other")

    await elector.release()

    assert server.spec["holderIdentity"] == "other"


async def test_release_that_fails_ends_the_writing_all_the_same(
    elector: Elector, server: LeaseServer, caplog: pytest.LogCaptureFixture
) -> None:
    await elector.acquire()
    server.trouble = 503

    await elector.release()

    assert not leads(elector)
    assert "could not be released" in caplog.text


@pytest.mark.parametrize("seed", range(5))
async def test_there_are_never_two_leaders_whatever_happens(
    api: Api, server: LeaseServer, clock: SettableClock, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a game, not a secret
    electors = [
        Elector(api=api, where=NAME, identity=f"operator {number}", clock=clock)
        for number in range(3)
    ]
    led = set()
    # A request may take so long that everything has changed when its answer comes.
    server.on_request = lambda _: clock.advance(
        timedelta(seconds=chance.choice((0, 0, 0, 0.1, 3, 11)))
    )

    async def step(one: Elector) -> None:
        with contextlib.suppress(ConflictError):
            await (one.release() if chance.random() < 0.1 else one._try())

    for number in range(80):
        frozen = electors[number // 8 % 3]
        awake = [one for one in electors if one is not frozen and chance.random() < 0.8]
        await asyncio.gather(*map(step, awake))
        leaders = [one.identity for one in electors if leads(one)]
        assert len(leaders) <= 1
        led.update(leaders)
        clock.advance(timedelta(seconds=chance.choice((0.5, 2, 5, 16))))

    assert len(led) > 1


def test_leader_stops_writing_well_before_a_standby_may_start() -> None:
    assert DEADLINE + 2 * election.PAUSE <= DURATION
