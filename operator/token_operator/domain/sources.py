"""Where a connection's credentials are: values, entries of Secrets, and keys."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class EntryRef:
    """One entry of a Secret in the connection's own namespace."""

    name: str
    key: str


# A value of the spec: the text itself, or the entry of a Secret that holds it.
Value = str | EntryRef


def literal(value: Value) -> str:
    """Return the text that stands in the connection itself; empty for a reference."""
    return value if isinstance(value, str) else ""


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
class KeyPlace:
    """Where a key that signs is."""

    secret_name: str
    entry: str

    def __str__(self) -> str:
        """Return the place as a noun phrase, to stand within a sentence."""
        return f"entry {self.entry} of Secret {self.secret_name}"


def secret_names(*sources: KeySource | Value | None) -> tuple[str, ...]:
    """Return the names of the Secrets that *sources* are in, each once, in order."""
    names: list[str] = []
    for source in sources:
        match source:
            case KeySource():
                names.append(source.secret_name)
            case EntryRef():
                names.append(source.name)
            case str() | None:  # pragma: no branch - exhaustive
                pass
    return tuple(dict.fromkeys(names))
