"""The queue of resources of one kind that want a pass, and the heap of due times.

A key is in one of three states: waiting, in a pass, or neither. A key that is
added during its pass is passed over once more. Memory is bounded by the number
of keys.
"""

import asyncio
import heapq
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, Generic, TypeVar

from token_operator.clock import Clock

logger = logging.getLogger(__name__)

Key = TypeVar("Key", bound=Hashable)

# The ticker looks at the clocks at least this often, in seconds.
TICK: Final = 1.0


@dataclass(slots=True)
class KeyedQueue(Generic[Key]):
    """Keys that want a pass now, and keys that will want one later."""

    clock: Clock
    _urgent: deque[Key] = field(default_factory=deque)
    _normal: deque[Key] = field(default_factory=deque)
    _waiting: set[Key] = field(default_factory=set)
    _in_pass: set[Key] = field(default_factory=set)
    # Added during their pass, and whether urgently.
    _again: dict[Key, bool] = field(default_factory=dict)
    _hurried: set[Key] = field(default_factory=set)
    _due: dict[Key, float] = field(default_factory=dict)
    # The number keeps what is due at the same instant in order.
    _heap: list[tuple[float, int, Key]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _rested: asyncio.Event = field(default_factory=asyncio.Event)
    progressed_at: float = 0.0
    is_closed: bool = False

    def add(self, key: Key, *, urgent: bool = False) -> None:
        """Ask for a pass over *key* now; urgent keys go first."""
        if self.is_closed:
            return
        if key in self._in_pass:
            self._again[key] = urgent or self._again.get(key, False)
            return
        if key in self._waiting and not (urgent and key not in self._hurried):
            return
        if not self._waiting:
            self.progressed_at = self.clock.monotonic()
        self._waiting.add(key)
        if urgent:  # its place in the normal lane, if it has one, is passed over
            self._hurried.add(key)
            self._urgent.append(key)
        else:
            self._normal.append(key)
        self._wake.set()

    def schedule(self, key: Key, at: float | None) -> None:
        """Set when *key* wants its next pass, in seconds of the monotonic clock; None: never."""
        if at is None:
            self._due.pop(key, None)
            return
        if self._due.get(key) != at:
            self._due[key] = at
            heapq.heappush(self._heap, (at, next(self._numbers), key))

    def forget(self, key: Key) -> None:
        """Drop the due time of a key whose connection is gone."""
        self._due.pop(key, None)

    def due_of(self, key: Key) -> float | None:
        """Return when *key* wants its next pass."""
        return self._due.get(key)

    @property
    def depth(self) -> int:
        """How many keys wait for a pass."""
        return len(self._waiting)

    async def drain(self) -> None:
        """Take no key any more, and wait until the passes that are under way have ended."""
        self.is_closed = True
        while self._in_pass:
            self._rested.clear()
            await self._rested.wait()

    def release_due(self, now: float) -> None:
        """Move the keys that are due into the queue."""
        while self._heap and self._heap[0][0] <= now:
            at, _, key = heapq.heappop(self._heap)
            if self._due.get(key) == at:
                del self._due[key]
                self.add(key)
        if len(self._heap) > 2 * len(self._due) + 1000:  # mostly superseded times
            self._heap = [(at, next(self._numbers), key) for key, at in self._due.items()]
            heapq.heapify(self._heap)

    def seconds_to_next(self, now: float) -> float:
        """Return how long the ticker may rest, at most one tick."""
        return min(max(self._heap[0][0] - now, 0.0), TICK) if self._heap else TICK

    async def take(self) -> Key:
        """Wait for a key and return it; its pass has begun."""
        while not self._waiting or self.is_closed:
            self._wake.clear()
            await self._wake.wait()
        key = self._first()
        self._waiting.discard(key)
        self._hurried.discard(key)
        self._in_pass.add(key)
        return key

    def _first(self) -> Key:
        if self._urgent:
            return self._urgent.popleft()
        while (key := self._normal.popleft()) not in self._waiting or key in self._hurried:
            continue
        return key

    def done(self, key: Key) -> None:
        """End the pass over *key*; it waits again if it was added meanwhile."""
        self._in_pass.discard(key)
        self._rested.set()
        self.progressed_at = self.clock.monotonic()
        if key in self._again:
            self.add(key, urgent=self._again.pop(key))


async def tick(
    queues: Sequence[KeyedQueue[Any]], clock: Clock, each_tick: Callable[[], None]
) -> None:
    """Release due keys for ever; *each_tick* is called at least once a second."""
    while True:
        for queue in queues:
            queue.release_due(clock.monotonic())
        each_tick()
        now = clock.monotonic()
        await asyncio.sleep(min((queue.seconds_to_next(now) for queue in queues), default=TICK))


async def work(queue: KeyedQueue[Key], run: Callable[[Key], Awaitable[None]]) -> None:
    """Run one pass after the other for ever; *run* deals with its own failures."""
    while True:
        key = await queue.take()
        try:
            await run(key)
        finally:
            queue.done(key)
