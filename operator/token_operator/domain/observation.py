"""What the operator saw of one connection, at one instant."""

from dataclasses import dataclass
from datetime import datetime

from token_operator.domain.connection import Connection
from token_operator.domain.failures import FailureError
from token_operator.domain.life import HeldToken
from token_operator.domain.state import State
from token_operator.domain.targets.observation import TargetObservation
from token_operator.domain.timeline import UNMOVED, Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What the operator saw of one connection, at one instant."""

    now: datetime
    # How instants are shown in targets and status.
    timeline: Timeline = UNMOVED
    connection: Connection
    state: State
    # Of the spec as it stands now; empty where its sources could not be read.
    identity_hash: str = ""
    key_fingerprint: str = ""
    # What makes the spec impossible to serve.
    spec_problem: FailureError | None = None
    # Some target does not hold what it should, and may be written now.
    targets_need_work: bool = False
    # What is seen of each target, by which it is written.
    targets: tuple[TargetObservation, ...] = ()
    # When targets or sources want a look again, whatever the token does.
    look_again_at: datetime | None = None
    # Another connection's status shows this token too: revoking would kill its session.
    is_shared: bool = False

    @property
    def held(self) -> HeldToken | None:
        """The token that the operator holds."""
        return self.state.held


def identity_has_changed(seen: Observation) -> bool:
    """Whether the token that is held belongs to another org, app or user."""
    return seen.held is not None and seen.identity_hash not in ("", seen.held.identity_hash)
