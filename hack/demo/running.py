"""Running steps one after another, and stopping at the first that fails."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from demo.terminal import Terminal

_POLL: Final = 0.2


class StepFailedError(Exception):
    """A step did not see what it expected."""

    def __init__(self, *, expected: str, seen: str) -> None:
        super().__init__(f"expected {expected}; seen: {seen}")
        self.expected = expected
        self.seen = seen


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the demo shows; `act` returns what was seen."""

    title: str
    act: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Look:
    """One look at something: whether it is as hoped, and what was seen."""

    is_good: bool
    seen: str


def run_steps(steps: Sequence[Step], terminal: Terminal) -> bool:
    """Run the steps in order and say whether all went well; the first failure ends it."""
    for number, step in enumerate(steps, 1):
        terminal.heading(f"{number}. {step.title}")
        try:
            seen = step.act()
        except StepFailedError as failure:
            terminal.cross(step.title, expected=failure.expected, seen=failure.seen)
            return False
        terminal.tick(seen)
    return True


def wait_until(look: Callable[[], Look], expected: str, *, seconds: float) -> str:
    """Look until it is as hoped, and return what was seen.

    Raises StepFailedError with the last look if *seconds* pass first.
    """
    deadline = time.monotonic() + seconds
    while True:
        last = look()
        if last.is_good:
            return last.seen
        if time.monotonic() > deadline:
            raise StepFailedError(expected=f"{expected} within {seconds:.0f} s", seen=last.seen)
        time.sleep(_POLL)
