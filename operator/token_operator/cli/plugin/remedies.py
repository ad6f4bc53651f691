"""What to do about a reason, where only the reason is known."""

from token_operator.domain.failures import KINDS


def remedy_for(reason: str) -> str:
    """Return the remedy of the canonical kind of *reason*; empty for an unknown reason."""
    kind = KINDS.get(reason)
    return "" if kind is None else kind.remedy
