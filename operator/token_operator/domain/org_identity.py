"""What Salesforce says about the org and the user of a token."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgIdentity:
    """Org, user and URLs, as the answer to a login names them; empty where it does not.

    It goes unchanged from the answer to the status and the targets, and back after a restart.
    What stands for it where tokens are compared is the identity hash; see
    ``domain/identity_hash.py``.
    """

    instance_url: str = ""
    org_id: str = ""
    user_id: str = ""
    username: str = ""
    identity_url: str = ""
    community_url: str = ""
    api_instance_url: str = ""
    token_type: str = "Bearer"  # noqa: S105 - a kind of token, not a secret


def is_expected_org(expected: str | None, org_id: str) -> bool:
    """Whether *org_id* is the org that the connection expects (15 or 18 characters each)."""
    return expected is None or expected[:15] == org_id[:15]
