"""The status of a connection: what users read, and what a restart reads back."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from token_operator.domain.connection import DeletionPolicy
from token_operator.domain.failures import FailureClass
from token_operator.domain.token import ExpirySource


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition, as Kubernetes defines it (metav1.Condition)."""

    type: str
    status: str
    reason: str
    message: str
    observed_generation: int
    last_transition_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenStatus:
    """The token, without the token."""

    issued_at: datetime
    expires_at: datetime
    expiry_source: ExpirySource
    renewal_time: datetime
    verified_at: datetime | None
    fingerprint: str
    identity: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityStatus:
    """What Salesforce answered about org and user; empty where it did not."""

    instance_url: str = ""
    org_id: str = ""
    user_id: str = ""
    username: str = ""
    identity_url: str = ""
    community_url: str = ""
    api_instance_url: str = ""
    token_type: str = ""
    api_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthStatus:
    """How the last login was made."""

    grant: str
    audience: str = ""
    key_secret_name: str = ""
    key_entry: str = ""
    key_fingerprint: str = ""
    certificate_not_after: datetime | None = None
    source_versions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureStatus:
    """The failure that lasts."""

    failure_class: FailureClass
    reason: str
    count: int
    since: datetime
    next_attempt_time: datetime
    token_safe_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStatus:
    """What was last written to one target."""

    secret_name: str
    fingerprint: str = ""
    written_at: datetime | None = None
    entries: tuple[str, ...] = ()
    # Where they are merged: what becomes of the entries when it is no longer a target.
    deletion_policy: DeletionPolicy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The whole status."""

    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    token: TokenStatus | None = None
    identity: IdentityStatus | None = None
    auth: AuthStatus | None = None
    failure: FailureStatus | None = None
    targets: tuple[TargetStatus, ...] = ()
    last_handled_renew_request: str = ""

    def condition(self, condition_type: str) -> Condition | None:
        """Return the condition of this type, if there is one."""
        return next((one for one in self.conditions if one.type == condition_type), None)


def is_worth_writing(new: Status, old: Status) -> bool:
    """Whether *new* tells more than *old* and the passing of time.

    A proof moves instants and a retry moves a count; neither is written by
    itself. Counts are written at 1, 2, 4, 8 and so on.
    """
    return _essence(new) != _essence(old)


def _essence(status: Status) -> Status:
    epoch = datetime.min.replace(tzinfo=UTC)
    token = status.token
    if token is not None:
        token = replace(token, expires_at=epoch, verified_at=None)
    failure = status.failure
    if failure is not None:
        failure = replace(
            failure,
            count=failure.count.bit_length(),
            next_attempt_time=epoch,
            token_safe_until=None,
        )
    return replace(status, token=token, failure=failure)
