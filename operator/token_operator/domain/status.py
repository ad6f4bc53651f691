"""The status of a connection: what users read, and what a restart reads back.

Here is the only place that names a member of the status: the name follows from the name of
the field (``issued_at`` is ``issuedAt``, ``org_id`` is ``orgID``) or is given as a path. What
is empty or None is not shown. See ``cluster/raw_form.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from token_operator.domain.connection import DeletionPolicy
from token_operator.domain.failures import FailureClass
from token_operator.domain.org_identity import OrgIdentity
from token_operator.domain.token import ExpirySource


def shown_at(path: str) -> Mapping[str, str]:
    """Return the metadata of a field whose member has a name or place of its own."""
    return {"path": path}


# For a member that is shown even when it is empty.
SHOWN_WHEN_EMPTY: Final = {"empty": "shown"}
# For an instant that others have set, which a step of the wall clock does not move.
ABSOLUTE: Final = {"absolute": "wall clock"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition, as Kubernetes defines it (metav1.Condition)."""

    type: str
    status: str
    reason: str = field(default="", metadata=SHOWN_WHEN_EMPTY)
    message: str = field(default="", metadata=SHOWN_WHEN_EMPTY)
    observed_generation: int = 0
    last_transition_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenStatus:
    """The token, without the token."""

    issued_at: datetime
    expires_at: datetime
    renewal_time: datetime
    expiry_source: ExpirySource = ExpirySource.CONFIGURED
    verified_at: datetime | None = None
    fingerprint: str = ""
    identity_hash: str = field(default="", metadata=shown_at("identity"))
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthStatus:
    """How the last login was made."""

    grant: str = ""
    audience: str = ""
    key_secret_name: str = field(default="", metadata=shown_at("activeKey.secretName"))
    key_entry: str = field(default="", metadata=shown_at("activeKey.entry"))
    key_fingerprint: str = ""
    certificate_not_after: datetime | None = field(default=None, metadata=ABSOLUTE)
    source_versions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureStatus:
    """The failure that lasts."""

    failure_class: FailureClass = field(metadata=shown_at("class"))
    reason: str = ""
    count: int = 1
    since: datetime
    next_attempt_time: datetime
    token_safe_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetStatus:
    """What was last written to one target."""

    secret_name: str
    fingerprint: str = field(default="", metadata=SHOWN_WHEN_EMPTY)
    written_at: datetime | None = None
    entries: tuple[str, ...] = field(default=(), metadata=SHOWN_WHEN_EMPTY)
    # Where they are merged: what becomes of the entries when it is no longer a target.
    deletion_policy: DeletionPolicy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The whole status."""

    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    token: TokenStatus | None = None
    identity: OrgIdentity | None = None
    # Of the REST API, like 65.0: the newest of the org unless the spec names one.
    api_version: str = field(default="", metadata=shown_at("identity.apiVersion"))
    auth: AuthStatus | None = None
    failure: FailureStatus | None = None
    targets: tuple[TargetStatus, ...] = ()
    last_handled_renew_request: str = ""
    # Hashes; see used_refresh_tokens.py.
    used_refresh_tokens: tuple[str, ...] = ()

    def condition(self, condition_type: str) -> Condition | None:
        """Return the condition of this type, if there is one."""
        return next((one for one in self.conditions if one.type == condition_type), None)


def is_worth_writing(new: Status, old: Status) -> bool:
    """Whether *new* shows more than *old* and the passing of time.

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
