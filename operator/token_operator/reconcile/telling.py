"""Telling of a target that was written, where no other Event tells of it."""

from typing import Final

from token_operator.reconcile.planning import Plan
from token_operator.reconcile.record import Record, TargetRecord

# A token that was minted in the same pass is why a target is written.
_OF_A_NEW_TOKEN: Final = frozenset({"TokenMinted", "TokenRenewed"})


def tell_of_write(record: Record, plan: Plan, known: TargetRecord) -> None:
    """Tell that a target holds the token now; *known* is what was known before the write.

    A repair and a new token have Events of their own; a renewal that brought the same one moves
    instants only, and needs none.
    """
    is_as_asked_before = known.asked == plan.target and known.fingerprint == plan.fingerprint
    is_of_a_new_token = any(one.reason in _OF_A_NEW_TOKEN for one in record.notices)
    if not plan.fingerprint or is_as_asked_before or is_of_a_new_token:
        return
    told = f"Secret {plan.target.secret_name} holds the current token ({plan.fingerprint})."
    record.tell("TargetWritten", told)
