"""What the operator saw of one target, at one instant."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from token_operator.domain.connection import Connection, ConnectionKey
from token_operator.domain.failures import FailureError
from token_operator.domain.targets.known_target import KnownTarget
from token_operator.domain.targets.plan import Plan
from token_operator.domain.targets.secret import Secret


class Absence(Enum):
    """Why the content of a Secret is not there to be looked at."""

    NOT_READ = "not read"
    NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetObservation:
    """What the operator saw of one target, at one instant."""

    now: datetime
    connection: Connection
    name: str
    # The spec names it; otherwise it was a target before.
    is_in_spec: bool
    # What it should hold; None where it stays as it is.
    plan: Plan | None = None
    # Why the spec asks for content that cannot be written.
    content_problem: FailureError | None = None
    known: KnownTarget
    secret: Secret | Absence = field(default=Absence.NOT_READ, repr=False)
    # The watch of labelled Secrets shows it.
    is_watched: bool = False
    # Connections that read it as a source.
    readers: frozenset[ConnectionKey] = frozenset()
