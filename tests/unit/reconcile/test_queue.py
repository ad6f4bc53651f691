"""The queue of keys that want a pass, and the heap of due times."""

import asyncio

import pytest

from support.clock import SettableClock
from support.parts import key_of
from token_operator.domain.connection import ConnectionKey
from token_operator.reconcile.queue import TICK, KeyedQueue, tick, work

A, B, C = key_of("a"), key_of("b"), key_of("c")

Queue = KeyedQueue[ConnectionKey]


@pytest.fixture
def queue(clock: SettableClock) -> Queue:
    return KeyedQueue[ConnectionKey](clock)


async def taken(queue: Queue) -> list[ConnectionKey]:
    """Take all that wait, and end their passes."""
    keys = []
    while queue.depth:
        keys.append(await queue.take())
        queue.done(keys[-1])
    return keys


async def test_key_waits_once_however_often_it_is_added(queue: Queue) -> None:
    queue.add(A)
    queue.add(A)

    assert queue.depth == 1
    assert await taken(queue) == [A]


async def test_urgent_keys_go_first(queue: Queue) -> None:
    queue.add(A)
    queue.add(B, urgent=True)
    queue.add(C, urgent=True)

    assert await taken(queue) == [B, C, A]


async def test_key_that_is_added_during_its_pass_waits_again_after_it(queue: Queue) -> None:
    queue.add(A)
    await queue.take()

    queue.add(A)
    queue.add(A)

    assert queue.depth == 0
    queue.done(A)
    assert await taken(queue) == [A]
    assert queue.depth == 0


async def test_taker_waits_until_a_key_is_added(queue: Queue) -> None:
    taker = asyncio.create_task(queue.take())
    await asyncio.sleep(0)

    assert not taker.done()
    queue.add(A)
    assert await asyncio.wait_for(taker, 1) == A


async def test_due_keys_are_released_in_time(queue: Queue) -> None:
    queue.schedule(A, 30.0)
    queue.schedule(B, 10.0)
    queue.schedule(C, 20.0)

    queue.release_due(20.0)

    assert await taken(queue) == [B, C]
    assert queue.due_of(A) == 30.0
    assert queue.due_of(B) is None


async def test_later_word_about_a_due_time_counts(queue: Queue) -> None:
    queue.schedule(A, 10.0)
    queue.schedule(A, 40.0)
    queue.schedule(B, 10.0)
    queue.schedule(B, None)
    queue.schedule(C, 10.0)
    queue.forget(C)

    queue.release_due(30.0)
    assert queue.depth == 0

    queue.release_due(40.0)
    assert await taken(queue) == [A]


def test_heap_is_bounded_by_the_number_of_keys(queue: Queue) -> None:
    for number in range(5000):
        queue.schedule(A, 1000.0 + number)
        queue.release_due(0.0)

    assert len(queue._heap) <= 1002
    assert queue.due_of(A) == 5999.0


def test_rest_lasts_until_the_next_due_time_and_at_most_a_tick(queue: Queue) -> None:
    assert queue.seconds_to_next(10.0) == TICK

    queue.schedule(A, 10.25)

    assert queue.seconds_to_next(10.0) == 0.25
    assert queue.seconds_to_next(0.0) == TICK
    assert queue.seconds_to_next(11.0) == 0.0


def test_progress_is_noted_when_keys_begin_to_wait(queue: Queue, clock: SettableClock) -> None:
    clock.seconds = 50.0
    queue.add(A)
    clock.seconds = 60.0
    queue.add(B)

    assert queue.progressed_at == 50.0


async def test_drained_queue_takes_nothing_and_waits_for_the_passes(queue: Queue) -> None:
    queue.add(A)
    await queue.take()
    draining = asyncio.create_task(queue.drain())
    await asyncio.sleep(0)

    queue.add(B)

    assert queue.depth == 0
    assert not draining.done()
    queue.done(A)
    await asyncio.wait_for(draining, 1)


async def test_drained_queue_gives_nothing_to_a_taker(queue: Queue) -> None:
    queue.add(A)
    await queue.drain()

    taker = asyncio.create_task(queue.take())
    await asyncio.sleep(0)

    assert not taker.done()
    taker.cancel()


async def test_ticker_releases_what_is_due_and_beats(queue: Queue, clock: SettableClock) -> None:
    beats: list[int] = []
    queue.schedule(A, clock.monotonic())

    ticker = asyncio.create_task(tick([queue], queue.clock, lambda: beats.append(1)))

    assert await asyncio.wait_for(queue.take(), 1) == A
    assert beats
    ticker.cancel()


async def test_worker_ends_a_pass_that_failed(queue: Queue) -> None:
    async def fail(key: ConnectionKey) -> None:
        raise RuntimeError(key)

    queue.add(A)

    with pytest.raises(RuntimeError):
        await work(queue, fail)
    await asyncio.wait_for(queue.drain(), 1)


async def test_worker_runs_one_pass_after_the_other(queue: Queue) -> None:
    seen: list[ConnectionKey] = []

    both = asyncio.Event()

    async def run(key: ConnectionKey) -> None:
        seen.append(key)
        if len(seen) == 2:
            both.set()

    for key in (A, B):
        queue.add(key)
    worker = asyncio.create_task(work(queue, run))
    async with asyncio.timeout(1):
        await both.wait()
        await queue.drain()

    assert seen == [A, B]
    worker.cancel()


async def test_ticker_releases_what_is_due_in_each_queue(clock: SettableClock) -> None:
    queues = [KeyedQueue[str](clock), KeyedQueue[str](clock)]
    for queue in queues:
        queue.schedule("crm", clock.monotonic())

    ticker = asyncio.create_task(tick(queues, clock, lambda: None))

    assert [await asyncio.wait_for(queue.take(), 1) for queue in queues] == ["crm", "crm"]
    ticker.cancel()
