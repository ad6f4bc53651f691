"""A connection as its author asked for it: the parsed spec of a SalesforceConnection."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class ConnectionKey:
    """Namespace and name of a connection."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """Return ``namespace/name``, as kubectl and logs write it."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class EntryRef:
    """One entry of a Secret in the connection's own namespace."""

    name: str
    key: str


class Grant(StrEnum):
    """A way to ask for a token; the spelling is that of status.auth.grant."""

    JWT_BEARER = "JWTBearer"
    CLIENT_CREDENTIALS = "ClientCredentials"
    REFRESH_TOKEN = "RefreshToken"  # noqa: S105 - the name of a grant


class KeyFormat(StrEnum):
    """The form of key material in a Secret."""

    AUTO = "Auto"
    PEM = "PEM"
    PKCS12 = "PKCS12"
    JKS = "JKS"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySource:
    """Where one private key and its certificate are."""

    secret_name: str
    private_key_entry: str | None = None
    certificate_entry: str | None = None
    passphrase_entry: str | None = None
    alias: str | None = None
    format: KeyFormat = KeyFormat.AUTO


@dataclass(frozen=True, slots=True, kw_only=True)
class Org:
    """The org and how it is addressed."""

    login_url: str = "https://login.salesforce.com"
    audience: str | None = None
    expected_org_id: str | None = None
    api_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """How to log in."""

    grant: Grant = Grant.JWT_BEARER
    consumer_key: str | None = None
    consumer_key_ref: EntryRef | None = None
    consumer_secret_ref: EntryRef | None = None
    username: str | None = None
    username_ref: EntryRef | None = None
    keys: tuple[KeySource, ...] = ()
    refresh_token_ref: EntryRef | None = None

    def source_names(self) -> tuple[str, ...]:
        """Return the names of all source Secrets, each once, in order."""
        refs = (
            self.consumer_key_ref,
            self.consumer_secret_ref,
            self.username_ref,
            self.refresh_token_ref,
        )
        names = [key.secret_name for key in self.keys] + [ref.name for ref in refs if ref]
        return tuple(dict.fromkeys(names))


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
