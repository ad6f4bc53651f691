"""Telling of a write: by an Event where no other tells of it, and in the metrics."""

from datetime import datetime
from typing import Final

from token_operator.domain.targets.desired import Plan
from token_operator.domain.targets.known import TargetRecord
from token_operator.reconcile.record import Record
from token_operator.telemetry.metrics import Metrics

# A token that was minted in the same pass is why a target is written.
_OF_A_NEW_TOKEN: Final = frozenset({"TokenMinted", "TokenRenewed"})


def tell_of_write(record: Record, plan: Plan, known: TargetRecord) -> None:
    """Tell that a target holds the token now; *known* is what was known before the write.

    A repair and a new token have Events of their own; a renewal that brought the same one moves
    instants only, and needs none.
    """
    is_as_asked_before = _is_asked_as_before(plan, known) and known.fingerprint == plan.fingerprint
    is_of_a_new_token = record.outbox.holds_any(_OF_A_NEW_TOKEN)
    if not plan.fingerprint or is_as_asked_before or is_of_a_new_token:
        return
    told = f"Secret {plan.target.secret_name} holds the current token ({plan.fingerprint})."
    record.outbox.announce("TargetWritten", told)


def observe_margin(record: Record, plan: Plan, metrics: Metrics, now: datetime) -> None:
    """Note the life that the replaced token had left when its successor was written."""
    margin = record.account.take_margin(now) if plan.fingerprint else None
    if margin is not None:
        metrics.renewal_margin(seconds=margin.total_seconds())


def _is_asked_as_before(plan: Plan, known: TargetRecord) -> bool:
    """Whether the spec asks for the same; before a restart the names of the entries tell."""
    if known.asked is not None:
        return known.asked == plan.target
    return set(known.entries) == plan.desired.entries.keys()
