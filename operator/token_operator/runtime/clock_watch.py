"""Watching the machine's clocks for a step of the wall clock."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from token_operator.clock import Clock
from token_operator.reconcile.call_admission import CallAdmission
from token_operator.reconcile.controller import Controller
from token_operator.reconcile.records import Records
from token_operator.salesforce.clock_offset import ClockOffset

# A step of the wall clock that is larger than this re-plans everything.
CLOCK_JUMP: Final = timedelta(seconds=30)


@dataclass(slots=True)
class ClockWatch:
    """Shifts all instants when the wall clock was set, so that lives keep their length."""

    clock: Clock
    records: Records
    admission: CallAdmission
    offsets: ClockOffset
    controllers: Sequence[Controller[Any]]
    _distance: float | None = field(default=None)

    def look(self) -> None:
        """Compare the wall clock with the monotonic one."""
        distance = self.clock.now().timestamp() - self.clock.monotonic()
        if self._distance is None:
            self._distance = distance
            return
        step = timedelta(seconds=distance - self._distance)
        if abs(step) <= CLOCK_JUMP:
            return
        self._distance = distance
        self.admission.shift(step)
        self.offsets.shift(step)
        for record in self.records:
            record.lifecycle.shift(step)
            for target in record.targets.values():
                target.look_again_at = target.look_again_at and target.look_again_at + step
                target.reread_at = target.reread_at and target.reread_at + step
            record.restarts.shift(step)
            record.account.shift(step)
        for controller in self.controllers:
            controller.requeue_all()
