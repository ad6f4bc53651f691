"""How far the org's clock is from ours, from the Date header of its answers."""

from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import median
from typing import Final

# A median of five ignores two answers that were long on the way.
SAMPLES: Final = 5
# More hosts than that are forgotten, the least recently heard first.
HOSTS: Final = 256
# TLS refuses certificates long before a clock is off by a year: such a date is not a clock.
_PLAUSIBLE: Final = timedelta(days=366)


class ClockOffset:
    """The offset of each host: the org's time less the time of the operator's own timeline."""

    def __init__(self, assumed: Callable[[], timedelta] = timedelta) -> None:
        # The offset of a host of which nothing is known: how far the wall clock is ahead.
        self._assumed = assumed
        self._samples: OrderedDict[str, deque[timedelta]] = OrderedDict()
        # Hosts of which nothing was heard since the wall clock was set.
        self._guessed: set[str] = set()

    def note(self, host: str, date: datetime, now: datetime) -> None:
        """Record that *host* said it was *date* at the instant *now* (both aware)."""
        offset = date - now
        if abs(offset - self._assumed()) > _PLAUSIBLE:
            return
        if host in self._guessed:
            self._forget(host)
        self._samples.setdefault(host, deque(maxlen=SAMPLES)).append(offset)
        self._samples.move_to_end(host)
        while len(self._samples) > HOSTS:
            self._forget(next(iter(self._samples)))

    def doubt(self) -> None:
        """Take what is known of each host as a guess that its next answer replaces.

        The org's time stayed where it was when the wall clock was set, unless the machine stood
        still and its clock was put right: the next answer shows.
        """
        for host, samples in self._samples.items():
            guess = self.of(host)
            samples.clear()
            samples.append(guess)
        self._guessed.update(self._samples)

    def _forget(self, host: str) -> None:
        del self._samples[host]
        self._guessed.discard(host)

    def of(self, host: str) -> timedelta:
        """Return the median offset of *host*; that of the wall clock where nothing is known."""
        samples = self._samples.get(host)
        if samples is None:
            return self._assumed()
        return timedelta(seconds=median(sample.total_seconds() for sample in samples))
