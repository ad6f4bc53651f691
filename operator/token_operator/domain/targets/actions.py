"""What is to be done about one target: exactly one of these."""

from dataclasses import dataclass
from datetime import datetime

from token_operator.domain.failures import FailureError
from token_operator.domain.targets.plan import Plan
from token_operator.domain.targets.removals import Traces
from token_operator.domain.targets.secret import SecretMeta


@dataclass(frozen=True, slots=True)
class Keep:
    """Leave it as it is, at least until an instant."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """Read it, and decide again: its content has to be known first."""


@dataclass(frozen=True, slots=True)
class Create:
    """Create it; *is_repair*: it was deleted."""

    plan: Plan
    is_repair: bool = False


@dataclass(frozen=True, slots=True)
class Patch:
    """Write what differs, if it is still as *seen*; *is_repair*: it was edited."""

    plan: Plan
    seen: SecretMeta
    is_repair: bool = False


@dataclass(frozen=True, slots=True)
class Apply:
    """Apply our entries, if it is still as *seen*; *takes_over*: what the operator itself wrote."""

    plan: Plan
    seen: SecretMeta
    takes_over: bool = False
    is_repair: bool = False


@dataclass(frozen=True, slots=True)
class HandBack:
    """Take off our labels, annotations and owner reference first, then apply."""

    apply: Apply

    @property
    def plan(self) -> Plan:
        """What it should hold."""
        return self.apply.plan

    @property
    def is_repair(self) -> bool:
        """Whether it was edited."""
        return self.apply.is_repair


Write = Create | Patch | Apply | HandBack


@dataclass(frozen=True, slots=True)
class Confirm:
    """Record that it holds what it should; or, without *seen*, that it rightly does not exist."""

    plan: Plan
    seen: SecretMeta | None


@dataclass(frozen=True, slots=True)
class RefuseTarget:
    """Record why it may not be written, and look again later."""

    failure: FailureError


@dataclass(frozen=True, slots=True)
class BackOff:
    """Postpone a repair that another writer undoes each time, and say so."""

    failure: FailureError
    until: datetime


@dataclass(frozen=True, slots=True)
class EndRefusal:
    """Forget a refusal: it holds what it should."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a former target, if it is still as *seen*."""

    seen: SecretMeta


@dataclass(frozen=True, slots=True)
class Strip:
    """Take our labels, owner reference and *traces* off a former target, which is kept."""

    seen: SecretMeta
    # None: entries and annotations stay, as Retain asks.
    traces: Traces | None


@dataclass(frozen=True, slots=True)
class TakeOut:
    """Remove the entries that we applied to a former target."""

    seen: SecretMeta


@dataclass(frozen=True, slots=True)
class Forget:
    """Forget a former target that holds nothing of ours."""


Action = (
    Keep
    | Read
    | Create
    | Patch
    | Apply
    | HandBack
    | Confirm
    | RefuseTarget
    | BackOff
    | EndRefusal
    | Delete
    | Strip
    | TakeOut
    | Forget
)


def is_repair(action: Write, written: bytes) -> bool:
    """Whether *action* only restores what was *written* last (its digest); a new token does not."""
    return action.is_repair and action.plan.digest == written
