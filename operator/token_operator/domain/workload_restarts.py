"""Which restarts of workloads are pending for one connection.

Workloads that cannot read their files again are restarted when the targets hold another token
than before, once for each token.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from token_operator.domain.connection import Workload

# So long after the token changed, so that connections that renew together restart once.
GATHER: Final = timedelta(seconds=5)
AFTER_FAILURE: Final = timedelta(seconds=30)


@dataclass(slots=True)
class WorkloadRestarts:
    """The pending restarts of one connection, changed by these methods alone."""

    # What stands for the token that the targets hold or last held; see `mark_of`.
    token_mark: str = ""
    due_at: datetime | None = None
    # The token is another one than before: all workloads are to be restarted.
    token_has_changed: bool = False
    # Workloads of which it is known that no restart is missing from before.
    _examined: set[Workload] = field(default_factory=set)

    def record_token(self, mark: str, named: tuple[Workload, ...], now: datetime) -> None:
        """Record which token the targets hold now; another one than before is worth a restart."""
        if not mark:
            return
        is_another = self.token_mark not in ("", mark)
        if is_another and named and not self.token_has_changed:
            self.token_has_changed = True
            self.due_at = now + GATHER
        self.token_mark = mark

    def plan(self, named: Iterable[Workload], now: datetime) -> None:
        """Plan a look at workloads that may have missed a restart before the operator started."""
        wanted = set(named)
        self._examined &= wanted
        if self.due_at is None and self.token_mark and not wanted <= self._examined:
            self.due_at = now + GATHER

    def begin(self, named: Iterable[Workload], now: datetime) -> tuple[Workload, ...]:
        """Return the workloads to look at now, and take them as begun; none before it is due."""
        if self.due_at is None or now < self.due_at:
            return ()
        wanted = [one for one in named if self.token_has_changed or one not in self._examined]
        self.due_at, self.token_has_changed = None, False
        return tuple(wanted)

    def succeed(self, workload: Workload) -> None:
        """Record that no restart of *workload* is missing."""
        self._examined.add(workload)

    def fail(self, now: datetime, *, token_has_changed: bool) -> None:
        """Record that a workload could not be looked at: it is tried again later."""
        self.due_at = now + AFTER_FAILURE
        self.token_has_changed = self.token_has_changed or token_has_changed


def mark_of(fingerprints: Set[str]) -> str:
    """Return what stands for the tokens that the targets hold: the digits of their fingerprints.

    While a target could not be written there are two tokens, with a sign between them.
    """
    digits = {one.rpartition(":")[2] for one in fingerprints}
    return "+".join(sorted(digits - {""}))
