"""What is announced of a target by an Event: that it was written, repaired or let go."""

from typing import Final

from token_operator.domain.outbox import Outbox
from token_operator.domain.targets.known import KnownTarget
from token_operator.domain.targets.plan import Plan

# A token that was minted in the same pass is why a target is written.
_OF_A_NEW_TOKEN: Final = frozenset({"TokenMinted", "TokenRenewed"})


def announce_write(outbox: Outbox, plan: Plan, before: KnownTarget) -> None:
    """Announce that a target now holds the token; *before* is what was known of it before.

    A new token has an Event of its own; a renewal that returned the same token moves instants
    only, and needs none.
    """
    is_same = _is_asked_as_before(plan, before) and before.fingerprint == plan.fingerprint
    if not plan.fingerprint or is_same or outbox.holds_any(_OF_A_NEW_TOKEN):
        return
    name = plan.target.secret_name
    outbox.announce("TargetWritten", f"Secret {name} holds the current token ({plan.fingerprint}).")


def announce_repair(outbox: Outbox, name: str, what: str) -> None:
    """Announce that a target was written again after it was edited or deleted."""
    outbox.announce("TargetRepaired", f"Secret {name} {what}")


def announce_prune(outbox: Outbox, name: str, what: str) -> None:
    """Announce what became of a former target."""
    outbox.announce("TargetPruned", f"Secret {name} is no longer a target{what}.")


def _is_asked_as_before(plan: Plan, before: KnownTarget) -> bool:
    """Whether the spec asks for the same; after a restart the names of the entries show it."""
    if before.asked is not None:
        return before.asked == plan.target
    return set(before.entries) == plan.desired.entries.keys()
