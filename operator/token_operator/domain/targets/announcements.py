"""What is announced of a target by an Event: that it was written, repaired or let go."""

from typing import Final

from token_operator.domain.failures import FailureError
from token_operator.domain.outbox import Notice, Outbox
from token_operator.domain.targets.actions import Create, Write
from token_operator.domain.targets.known_target import KnownTarget, Settled, after_settling
from token_operator.domain.targets.plan import Plan
from token_operator.domain.targets.repairs import Repairs

# A token that was minted in the same pass is why a target is written.
_OF_A_NEW_TOKEN: Final = frozenset({"TokenMinted", "TokenRenewed"})


def announce_written(outbox: Outbox, action: Write, before: KnownTarget, settled: Settled) -> None:
    """Announce what was written, and why; *before* is what was known of the target before."""
    name = settled.plan.target.secret_name
    if settled.is_repair and before.failure is not None and before.is_contested:
        repairs = after_settling(before, settled).repairs
        announce_contest(outbox, name, before.failure, repairs)
    elif action.is_repair:
        what = "deleted" if isinstance(action, Create) else "modified"
        announce_repair(outbox, name, f"was {what} and has been restored.")
    else:
        announce_write(outbox, settled.plan, before)


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


def announce_contest(outbox: Outbox, name: str, failure: FailureError, repairs: Repairs) -> None:
    """Announce that another writer undoes the repairs of a target, and how many there were."""
    notice = Notice(
        reason=failure.reason,
        message=failure.sentence(),
        series=f"{name} since {repairs.began_at}",
        count=repairs.count,
    )
    outbox.announce_again(notice)


def announce_prune(outbox: Outbox, name: str, what: str) -> None:
    """Announce what became of a former target."""
    outbox.announce("TargetPruned", f"Secret {name} is no longer a target{what}.")


def _is_asked_as_before(plan: Plan, before: KnownTarget) -> bool:
    """Whether the spec asks for the same; after a restart the names of the entries show it."""
    if before.asked is not None:
        return before.asked == plan.target
    return set(before.entries) == plan.desired.entries.keys()
