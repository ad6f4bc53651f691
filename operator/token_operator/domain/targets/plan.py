"""What a target should hold, and what stands for it in memory."""

from dataclasses import dataclass, field

from token_operator.domain.connection import CreationPolicy, DeletionPolicy, Target
from token_operator.domain.targets.secret import DesiredSecret


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one target should hold, and what stands for it in memory."""

    target: Target
    desired: DesiredSecret
    digest: bytes = field(repr=False)
    # Of the token that the entries hold; empty where there are none.
    fingerprint: str
    # The token that the operator holds, whether the target should hold it or not.
    token: str = field(repr=False)

    @property
    def is_merge(self) -> bool:
        """Whether the entries go into a Secret that belongs to another owner."""
        return self.target.creation_policy is CreationPolicy.MERGE

    @property
    def content(self) -> dict[str, bytes]:
        """The entries as bytes."""
        return {name: text.encode() for name, text in self.desired.entries.items()}


def merged_policy(target: Target) -> DeletionPolicy | None:
    """Return what becomes of merged entries later; None where the whole Secret is ours."""
    is_merged = target.creation_policy is CreationPolicy.MERGE
    return target.deletion_policy if is_merged else None


def is_taken_out(target: Target) -> bool:
    """Whether our entries are removed from the Secret when it is no longer a target."""
    return merged_policy(target) is DeletionPolicy.DELETE
