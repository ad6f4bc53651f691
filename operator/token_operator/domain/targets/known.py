"""What the operator knows of a target Secret between its passes."""

from dataclasses import dataclass, field
from datetime import datetime

from token_operator.domain.connection import DeletionPolicy, Target
from token_operator.domain.failures import FailureError
from token_operator.domain.targets.secret import SecretMeta


@dataclass(slots=True, kw_only=True)
class TargetRecord:
    """What is known of one target Secret."""

    meta: SecretMeta | None = None
    # Stands for entries, labels and annotations as last written or confirmed; kept in memory only.
    digest: bytes = field(default=b"", repr=False)
    fingerprint: str = ""
    written_at: datetime | None = None
    entries: tuple[str, ...] = ()
    # Where they are merged: what becomes of the entries when it is no longer a target.
    merged: DeletionPolicy | None = None
    # What the spec said of it at the last write since the operator started.
    asked: Target | None = None
    # When a Secret of which no watch tells is read again.
    reread_at: datetime | None = None
    # Somebody changed or deleted it since.
    is_stale: bool = False
    failure: FailureError | None = None
    look_again_at: datetime | None = None
