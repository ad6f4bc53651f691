"""The form in which instants are written for people and for the API server."""

from datetime import datetime


def rfc3339(instant: datetime) -> str:
    """Return *instant* in UTC as RFC 3339 with whole seconds, e.g. ``2026-11-23T10:00:00Z``."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
