"""What stands for the login URL, app, user and org that a connection names.

The API calls it ``identity``: in ``status.token`` and in an annotation of the targets.
"""

import hashlib
import json

from token_operator.domain.connection import Connection
from token_operator.domain.token import FINGERPRINT_DIGITS


def identity_hash(connection: Connection, *, consumer_key: str, user: str) -> str:
    """Return the hash of login URL, grant, consumer key, user and expected org.

    A token with another hash belongs to another org, app or user. The form is
    ``sha256:`` and 16 hexadecimal digits; no secret goes into it.
    """
    org = connection.org
    parts = [
        org.login_url,
        connection.auth.grant.name,
        consumer_key,
        user,
        org.expected_org_id or "",
    ]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return f"sha256:{digest[:FINGERPRINT_DIGITS]}"
