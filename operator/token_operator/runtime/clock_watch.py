"""Watching for a step of the wall clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from token_operator.clock import Clock
from token_operator.reconcile.controller import Controller
from token_operator.salesforce.clock_offset import ClockOffset


@dataclass(frozen=True, slots=True)
class ClockWatch:
    """Has everything shown anew when the wall clock was set; nothing in memory changes."""

    clock: Clock
    offsets: ClockOffset
    controllers: Sequence[Controller[Any]]

    def look(self) -> None:
        """Compare the wall clock with the operator's own timeline."""
        if not self.clock.follow_wall_clock():
            return
        self.offsets.doubt()
        for controller in self.controllers:
            controller.requeue_all()
