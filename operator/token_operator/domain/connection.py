"""A connection as its author asked for it: the parsed spec of a SalesforceConnection."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from token_operator.domain.grants import Grant
from token_operator.domain.sources import Value, secret_names


@dataclass(frozen=True, slots=True, order=True)
class ConnectionKey:
    """Namespace and name of a connection."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """Return ``namespace/name``, as kubectl and logs write it."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Org:
    """The org and how it is addressed."""

    login_url: str = "https://login.salesforce.com"
    audience: str | None = None
    expected_org_id: str | None = None
    api_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """How to log in: the app by its consumer key, and the grant."""

    consumer_key: Value
    grant: Grant

    def source_names(self) -> tuple[str, ...]:
        """Return the names of all source Secrets, each once, in order."""
        return secret_names(*self.grant.sources, self.consumer_key)


class ExpiredPolicy(StrEnum):
    """What becomes of the entries of a token that is known dead."""

    KEEP = "Keep"
    REMOVE = "Remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """How a token is kept alive."""

    lifetime: timedelta = timedelta(hours=1)
    renew_at_percent: int = 60
    verify_interval: timedelta = timedelta(minutes=5)  # zero: verification is off
    expired_policy: ExpiredPolicy = ExpiredPolicy.KEEP
    revoke_on_delete: bool = False


class CreationPolicy(StrEnum):
    """What to do with a Secret that is already there."""

    CREATE = "Create"
    ADOPT = "Adopt"
    MERGE = "Merge"


class DeletionPolicy(StrEnum):
    """What becomes of the target when the connection goes."""

    DELETE = "Delete"
    RETAIN = "Retain"


class Preset(StrEnum):
    """A named set of entries that a well-known client reads as it is."""

    DEFAULT = "Default"
    ENVIRONMENT = "Environment"
    SALESFORCE_CLI = "SalesforceCLI"
    SIMPLE_SALESFORCE = "SimpleSalesforce"
    JSFORCE = "JSForce"
    PUB_SUB = "PubSub"
    HTTP_HEADER = "HTTPHeader"
    DOT_ENV = "DotEnv"
    JSON = "JSON"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One target Secret as asked for."""

    secret_name: str
    labels: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    creation_policy: CreationPolicy = CreationPolicy.CREATE
    deletion_policy: DeletionPolicy = DeletionPolicy.DELETE
    presets: tuple[Preset, ...] = ()
    data: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A workload to restart when the token changed."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One SalesforceConnection: who it is and what it asks for."""

    key: ConnectionKey
    uid: str
    generation: int
    auth: Auth
    targets: tuple[Target, ...]
    suspend: bool = False
    org: Org = field(default_factory=Org)
    token: TokenSettings = field(default_factory=TokenSettings)
    restart_workloads: tuple[Workload, ...] = ()
    renew_request: str = ""
    deletion_requested_at: datetime | None = None
    finalizers: tuple[str, ...] = ()

    @property
    def is_being_deleted(self) -> bool:
        """Whether its deletion was asked for."""
        return self.deletion_requested_at is not None
