"""Waiting for a fact to come true, never for longer than a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_POLL = 0.05


def eventually(fact: Callable[[], T], *, timeout: float = 30, poll: float = _POLL) -> T:
    """Return what `fact` gives once that is true; fail with what was last seen.

    An assertion that fails inside the fact counts as not yet true.
    """
    deadline = time.monotonic() + timeout
    while True:
        seen, wrong = _look(fact)
        if wrong is None and seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(
                f"Not true within {timeout} s; last seen: {wrong or seen!r}"
            ) from wrong
        time.sleep(poll)


def always(fact: Callable[[], object], *, seconds: float, poll: float = 0.2) -> None:
    """Fail as soon as `fact` is not true in the next seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen = fact()
        assert seen, f"Was true only until {deadline - time.monotonic():.1f} s before the end."
        time.sleep(poll)


def _look(fact: Callable[[], T]) -> tuple[T | None, AssertionError | None]:
    try:
        return fact(), None
    except AssertionError as error:
        return None, error
