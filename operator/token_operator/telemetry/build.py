"""Which build of the operator this is."""

from importlib import metadata

_DISTRIBUTION = "salesforce-token-operator"
_UNKNOWN = "0+unknown"


def version() -> str:
    """Return the version of the installed distribution (``0+unknown`` from a bare checkout)."""
    try:
        return metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return _UNKNOWN
