"""Who a connection is towards Salesforce."""

import hashlib
import json

from token_operator.domain.connection import Connection
from token_operator.domain.token import FINGERPRINT_DIGITS


def identity_hash(connection: Connection, *, consumer_key: str, user: str) -> str:
    """Return what stands for login URL, grant, consumer key, user and expected org.

    A token of another identity belongs to somebody else. The form is
    ``sha256:`` and 16 hexadecimal digits; no secret goes into it.
    """
    org = connection.org
    parts = [org.login_url, connection.auth.grant, consumer_key, user, org.expected_org_id or ""]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return f"sha256:{digest[:FINGERPRINT_DIGITS]}"


def is_expected_org(expected: str | None, org_id: str) -> bool:
    """Whether *org_id* is the org that the connection expects (15 or 18 characters each)."""
    return expected is None or expected[:15] == org_id[:15]
