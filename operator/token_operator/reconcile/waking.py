"""Waking connections whose host answers again."""

from collections.abc import Iterable
from dataclasses import dataclass

from token_operator.clock import Clock
from token_operator.domain.connection import ConnectionKey
from token_operator.domain.outcomes import HostRecovered
from token_operator.reconcile.queue import KeyedQueue
from token_operator.reconcile.records import Records


@dataclass(frozen=True, slots=True)
class Waking:
    """Has connections that failed at a host try again at once."""

    records: Records
    queue: KeyedQueue[ConnectionKey]
    clock: Clock

    def __call__(self, keys: Iterable[ConnectionKey]) -> None:
        """Wake the connections that are still known."""
        for key in keys:
            record = self.records.get(key)
            if record is not None:
                record.lifecycle.apply(HostRecovered(self.clock.now()))
                self.queue.add(key)
