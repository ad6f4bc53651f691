"""What reconciles the resources of one kind: its queue, its passes, and what its watch feeds.

Process, handlers, health and metrics work with any number of controllers.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

from token_operator.domain.kinds import Kind
from token_operator.reconcile.queue import Key, KeyedQueue
from token_operator.telemetry.snapshots import ConnectionSnapshot

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller(Generic[Key]):
    """The parts that reconcile one kind."""

    kind: Kind
    queue: KeyedQueue[Key]
    # Runs one pass over a resource; deals with its own failures.
    reconcile: Callable[[Key], Awaitable[None]]
    # Take a raw resource as the watch shows it, and one that the watch shows as deleted.
    seen: Callable[[Raw], None]
    gone: Callable[[Raw], None]
    # The UIDs of the known resources, and what drops one that the API server does not have.
    uids: Callable[[], Mapping[Key, str]]
    forget_and_clean_up: Callable[[Key], None]
    # Add all known resources to the queue.
    requeue_all: Callable[[], None]
    snapshots: Callable[[], Iterable[ConnectionSnapshot]]

    @property
    def name(self) -> str:
        """The plural of the kind, as watches and tasks are named by it."""
        return self.kind.plural
