"""The conditions of a connection: the table of the design, as code.

A message is stable while the situation is: it holds no count and no instant,
so that an unchanged situation costs no write.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from token_operator.domain import life
from token_operator.domain.connection import Connection
from token_operator.domain.failures import FailureClass, FailureError
from token_operator.domain.life import HeldToken
from token_operator.domain.state import FailureRecord, State
from token_operator.domain.status import Condition

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"
READY: Final = "Ready"
TOKEN_VALID: Final = "TokenValid"  # noqa: S105 - a condition type
CREDENTIALS_VALID: Final = "CredentialsValid"
TARGETS_SYNCED: Final = "TargetsSynced"
RECONCILING: Final = "Reconciling"
STALLED: Final = "Stalled"
ACCEPTED: Final = "Salesforce accepted the last login."
ACCEPTED_BEFORE: Final = "Salesforce accepted an earlier login; the last one failed."
SUSPENDED: Final = "Suspended"
WORKING: Final = "The targets hold a working token."
UNVERIFIED: Final = "The token has not been verified since Salesforce refused a login."
# What a failure that does not concern the token is appended to the message with.
BUT: Final = " However: "


@dataclass(frozen=True, slots=True)
class Judgement:
    """A condition before it has a time: status, reason and message."""

    status: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the conditions are judged by."""

    now: datetime
    connection: Connection
    state: State
    identity_hash: str = ""
    spec_problem: FailureError | None = None
    target_failure: FailureError | None = None
    targets_synced: bool = False
    cannot_verify: bool = False
    # A sentence about a certificate that ends soon; see domain/certificate.py.
    certificate_warning: str = ""
    previous: tuple[Condition, ...] = ()

    @property
    def held(self) -> HeldToken | None:
        """The token that the operator holds."""
        return self.state.held

    def is_alive(self) -> bool:
        """Whether the targets hold a token that is taken to work."""
        held = self.held
        return held is not None and life.is_alive(held, self.connection.token, self.now)

    def is_of_another_identity(self) -> bool:
        """Whether the token belongs to another org, app or user than the spec names."""
        return self.held is not None and self.identity_hash not in ("", self.held.identity_hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFailure:
    """The one failure that conditions and status.failure show."""

    kind: type[FailureError]
    failure_class: FailureClass
    message: str
    # None for a failure of the spec or of a target: no attempts are counted.
    record: FailureRecord | None = None

    @property
    def reason(self) -> str:
        """The reason of its kind."""
        return self.kind.reason

    @property
    def blames_credentials(self) -> bool:
        """Whether an attempt to log in failed because of the credentials."""
        return self.record is not None and self.kind.blames_credentials


def shown_failure(situation: Situation) -> ShownFailure | None:
    """Return the failure that matters most to a reader."""
    if situation.spec_problem is not None:
        return _shown_error(situation.spec_problem)
    state = situation.state
    record = state.source_failure or state.login_failure or state.verification_failure
    if record is not None:
        return ShownFailure(
            kind=record.kind,
            failure_class=record.failure_class,
            message=record.message,
            record=record,
        )
    if situation.target_failure is not None:
        return _shown_error(situation.target_failure)
    return None


def _shown_error(failure: FailureError) -> ShownFailure:
    return ShownFailure(
        kind=type(failure), failure_class=failure.failure_class, message=failure.sentence()
    )


def is_stalled(situation: Situation) -> bool:
    """Whether a person has to do something."""
    failure = shown_failure(situation)
    if situation.target_failure is not None:
        return True
    return failure is not None and failure.failure_class is FailureClass.TERMINAL


def ready(situation: Situation) -> Judgement:
    """Judge whether workloads can rely on the targets."""
    if situation.connection.suspend:
        return Judgement(FALSE, SUSPENDED, "The connection is suspended and holds no live token.")
    blocked = stalled(situation)
    if blocked is not None:
        return Judgement(FALSE, blocked.reason, blocked.message)
    return _ready_unless_pending(situation)


def _ready_unless_pending(situation: Situation) -> Judgement:
    failure = shown_failure(situation)
    if situation.is_of_another_identity():
        message = "The spec names another org, app or user than the token in the targets."
        return _not_ready(failure, Judgement(FALSE, "IdentityChanged", message))
    if not situation.is_alive():
        return _not_ready(failure, _why_not_alive(situation))
    if not situation.targets_synced:
        return Judgement(FALSE, "TargetsPending", "The token is not yet in all targets.")
    return Judgement(TRUE, "TokenCurrent", _current(situation, failure))


def _current(situation: Situation, failure: ShownFailure | None) -> str:
    if failure is None:
        return WORKING
    is_doubted = situation.held is not None and situation.held.is_doubted
    return f"{UNVERIFIED} {failure.message}" if is_doubted else f"{WORKING}{BUT}{failure.message}"


def _not_ready(failure: ShownFailure | None, otherwise: Judgement) -> Judgement:
    return otherwise if failure is None else Judgement(FALSE, failure.reason, failure.message)


def _why_not_alive(situation: Situation) -> Judgement:
    held = situation.held
    if held is None:
        return Judgement(FALSE, "TokenPending", "No token has been minted yet.")
    if held.is_dead:
        return Judgement(FALSE, "TokenDied", "Salesforce has ended the session of the token.")
    return Judgement(FALSE, "TokenExpired", "The token is past its expiry.")


def token_valid(situation: Situation) -> Judgement:
    """Judge the token in the targets."""
    held = situation.held
    if held is None:
        return Judgement(UNKNOWN, "TokenPending", "No token has been minted yet.")
    if situation.connection.suspend:
        return Judgement(
            UNKNOWN, SUSPENDED, "The connection is suspended; the token is not verified."
        )
    if not situation.is_alive():
        return _why_not_alive(situation)
    if situation.cannot_verify:
        message = (
            "Neither the REST API nor userinfo can verify the token; add the scope "
            "'api' to the app."
        )
        return Judgement(UNKNOWN, "VerificationImpossible", message)
    proven = _proven(held)
    warning = life.short_life_warning(held.token, life.life_of(held, situation.connection.token))
    return replace(proven, message=f"{proven.message} {warning}".strip())


def _proven(held: HeldToken) -> Judgement:
    if held.verified_at is None:
        return Judgement(UNKNOWN, "Unverified", "The token has not been verified yet.")
    if held.is_doubted:
        return Judgement(UNKNOWN, "Unverified", UNVERIFIED)
    return Judgement(TRUE, "Verified", "Salesforce accepts the token.")


def credentials_valid(situation: Situation) -> Judgement:
    """Judge what the operator logs in with; a failure that is not its fault changes nothing."""
    failure = shown_failure(situation)
    if failure is not None and failure.blames_credentials:
        if failure.failure_class is FailureClass.TERMINAL:
            return Judgement(FALSE, failure.reason, failure.message)
        return _as_before(situation, CREDENTIALS_VALID)
    if situation.state.login_failure is not None or situation.held is None:
        return _as_before(situation, CREDENTIALS_VALID)
    message = f"{ACCEPTED} {situation.certificate_warning}".strip()
    return Judgement(TRUE, "CredentialsAccepted", message)


def _as_before(situation: Situation, condition_type: str) -> Judgement:
    for one in situation.previous:
        if one.type == condition_type:
            return Judgement(one.status, one.reason, one.message.replace(ACCEPTED, ACCEPTED_BEFORE))
    return Judgement(UNKNOWN, "LoginPending", "No login has succeeded yet.")


def targets_synced(situation: Situation) -> Judgement:
    """Judge whether the targets hold what they should."""
    problem = situation.target_failure
    if problem is not None:
        return Judgement(FALSE, problem.reason, problem.sentence())
    if situation.targets_synced:
        return Judgement(TRUE, "Synced", "All targets hold what they should.")
    return Judgement(FALSE, "TargetsPending", "The token is not yet in all targets.")


def reconciling(situation: Situation) -> Judgement | None:
    """Judge whether the operator is working towards the spec; None leaves the condition out."""
    failure = shown_failure(situation)
    if situation.connection.suspend or is_stalled(situation):
        return None
    if failure is not None:
        return Judgement(TRUE, failure.reason, failure.message)
    if not situation.is_alive():
        why = _why_not_alive(situation)
        return Judgement(TRUE, why.reason, why.message)
    if not situation.targets_synced or situation.is_of_another_identity():
        return Judgement(TRUE, "TargetsPending", "The token is not yet in all targets.")
    return None


def stalled(situation: Situation) -> Judgement | None:
    """Judge whether the operator waits for a person; None leaves the condition out."""
    if situation.connection.suspend or not is_stalled(situation):
        return None
    failure = shown_failure(situation)
    if failure is not None and failure.failure_class is FailureClass.TERMINAL:
        return Judgement(TRUE, failure.reason, failure.message)
    problem = situation.target_failure
    return None if problem is None else Judgement(TRUE, problem.reason, problem.sentence())


JUDGES: Final[tuple[tuple[str, Callable[[Situation], Judgement | None]], ...]] = (
    (READY, ready),
    (TOKEN_VALID, token_valid),
    (CREDENTIALS_VALID, credentials_valid),
    (TARGETS_SYNCED, targets_synced),
    (RECONCILING, reconciling),
    (STALLED, stalled),
)


def conditions_of(situation: Situation) -> tuple[Condition, ...]:
    """Return the conditions; while suspended they stay as they are until the token expires."""
    if situation.connection.suspend and situation.previous and situation.is_alive():
        kept = [one for one in situation.previous if one.type not in (RECONCILING, STALLED)]
        return tuple(_renumbered(one, situation) for one in kept)
    judged = ((name, judge(situation)) for name, judge in JUDGES)
    return tuple(_dated(name, verdict, situation) for name, verdict in judged if verdict)


def _renumbered(condition: Condition, situation: Situation) -> Condition:
    verdict = Judgement(condition.status, condition.reason, condition.message)
    return _dated(condition.type, verdict, situation)


def _dated(name: str, verdict: Judgement, situation: Situation) -> Condition:
    """Return the condition dated by its last transition, the earlier one if none happened."""
    before = next((one for one in situation.previous if one.type == name), None)
    is_same = before is not None and before.status == verdict.status
    return Condition(
        type=name,
        status=verdict.status,
        reason=verdict.reason,
        message=verdict.message,
        observed_generation=situation.connection.generation,
        last_transition_time=before.last_transition_time if before and is_same else situation.now,
    )
