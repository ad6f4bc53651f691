"""What the admin who starts the operator decides: the values of its command line."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from token_operator.proxies import NO_PROXIES, Proxies


class LogFormat(StrEnum):
    """The form of a log line."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """The least important log lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this operator runs; every value is already checked."""

    namespaces: tuple[str, ...] = ()  # empty: all namespaces
    allowed_hosts: tuple[str, ...] = ()  # HOST or HOST:PORT, beside Salesforce's own
    ca_file: Path | None = None  # None: the trusted authorities of the system
    leader_election: bool = False
    lease_name: str = "salesforce-token-operator"
    lease_namespace: str | None = None  # None: the operator's own namespace
    listen_host: str = "127.0.0.1"
    listen_port: int = 8080
    log_format: LogFormat = LogFormat.TEXT
    log_level: LogLevel = LogLevel.INFO
    restart_workloads: bool = False
    proxies: Proxies = NO_PROXIES
