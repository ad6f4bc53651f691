"""What is held in memory of one connection between its passes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from token_operator.domain.connection import (
    Connection,
    ConnectionKey,
    Workload,
)
from token_operator.domain.failures import FailureError
from token_operator.domain.outbox import Outbox
from token_operator.domain.state import State
from token_operator.domain.status import AuthStatus, Status
from token_operator.domain.targets.known import TargetRecord
from token_operator.domain.targets.secret import Secret
from token_operator.salesforce.keys import SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What was read from the source Secrets, and in which versions."""

    consumer_key: str = field(repr=False)
    username: str = field(repr=False)
    # The keys that can be used, in order; empty for grants without keys.
    keys: tuple[SigningKey, ...] = ()
    # What is wrong with the others.
    unusable: tuple[FailureError, ...] = ()
    consumer_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    versions: Mapping[str, str]

    @property
    def mark(self) -> str:
        """What stands for the credential in memory: another mark has to be proven by a login.

        It is the fingerprint of the first key, or a hash of the secret, which is never shown.
        """
        if self.keys:
            return self.keys[0].fingerprint
        secret = self.refresh_token or self.consumer_secret
        return hashlib.sha256(secret.encode()).hexdigest()

    def mark_beside(self, proven: str) -> str:
        """Return *proven* where it is of one of the keys, else the mark that wants a proof."""
        is_there = any(key.fingerprint == proven for key in self.keys)
        return proven if is_there else self.mark


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadToken:
    """A token that some target holds though Salesforce says that it is dead."""

    fingerprint: str
    since: datetime


@dataclass(slots=True, kw_only=True)
class Record:
    """One connection: what it asks for, what is remembered, what was last said of it."""

    connection: Connection
    resource_version: str
    state: State
    status: Status
    # The token has not yet been looked for in the targets since the operator started.
    is_cold: bool
    sources: Sources | None = None
    # Versions of sources that could not be used, to see when they change.
    refused_versions: Mapping[str, str] = field(default_factory=dict)
    sources_changed: bool = False
    # Seconds of the monotonic clock.
    sources_looked_at: float | None = None
    # Since when it has waited for its turn to call Salesforce.
    parked_at: float | None = None
    # Targets as a restart found them, until they are compared with what they should hold.
    found: dict[str, Secret] = field(default_factory=dict, repr=False)
    targets: dict[str, TargetRecord] = field(default_factory=dict)
    # How the last login was made, for the status.
    auth: AuthStatus | None = None
    refusal: FailureError | None = None
    outbox: Outbox = field(default_factory=Outbox)
    has_minted: bool = False
    # What stands for the token that the targets hold or last held; see reconcile/rollouts.
    served: str = ""
    # When the workloads are to be restarted or looked at.
    restart_at: datetime | None = None
    # The token is another one than before: all workloads are to be restarted.
    token_is_another: bool = False
    # Workloads of which it is known that no restart is missing from before.
    looked_at: set[Workload] = field(default_factory=set)
    # The API server does not know the connection any more.
    is_gone: bool = False
    # What targets hold though it is known to be dead, and the seconds of those before it.
    dead_token: DeadToken | None = None
    dead_seconds: float = 0.0
    # End of the life of the token that the one to be written replaces, for the metrics.
    replaced_end: datetime | None = None
    streak_of_api_failures: int = 0

    @property
    def key(self) -> ConnectionKey:
        """Namespace and name."""
        return self.connection.key

    def target(self, name: str) -> TargetRecord:
        """Return what is known of one target."""
        return self.targets.setdefault(name, TargetRecord())
