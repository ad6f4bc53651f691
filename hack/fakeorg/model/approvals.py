"""The approvals of users for apps, and their refresh tokens.

An approval is what Salesforce calls a token family: its refresh token may be rotated, and all of it
ends together. The caller holds the org's lock.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from fakeorg.model.ids import new_refresh_token
from fakeorg.model.session import SessionKey

# A user has at most so many approvals of one app (Salesforce Help: remoteaccess_request_manage).
APPROVALS_OF_ONE_APP: Final = 5


@dataclass(slots=True, kw_only=True)
class Approval:
    """One approval, with the refresh token that is good now."""

    approval_id: str
    username: str
    consumer_key: str
    scopes: tuple[str, ...]
    approved_at: datetime
    refresh_token: str = field(repr=False, default_factory=new_refresh_token)
    uses: int = 0
    ended: bool = False

    @property
    def session_key(self) -> SessionKey:
        """The key of the sessions that the refresh token opens."""
        return SessionKey(self.username, self.consumer_key, self.scopes, self.approval_id)


class Approvals:
    """All approvals of one org, by refresh token and by user and app."""

    def __init__(self) -> None:
        self._by_token: dict[str, Approval] = {}
        self._by_user_and_app: defaultdict[tuple[str, str], list[Approval]] = defaultdict(list)
        self._count = 0

    @property
    def live(self) -> list[Approval]:
        """The approvals that have not ended, oldest first for each user and app."""
        return [a for same in self._by_user_and_app.values() for a in same if not a.ended]

    def add(self, key: SessionKey, now: datetime) -> Approval:
        """Add an approval of a user and an app for some scopes."""
        self._count += 1
        approval = Approval(
            approval_id=str(self._count),
            username=key.username,
            consumer_key=key.consumer_key,
            scopes=key.scopes,
            approved_at=now,
        )
        self._by_token[approval.refresh_token] = approval
        self._by_user_and_app[key.username, key.consumer_key].append(approval)
        return approval

    def surplus(self, of: Approval) -> list[Approval]:
        """Return the oldest approvals of the same user and app that are one too many."""
        same = self._by_user_and_app[of.username, of.consumer_key]
        return [one for one in same if not one.ended][:-APPROVALS_OF_ONE_APP]

    def find(self, token: str) -> Approval | None:
        """Return the live approval whose refresh token this is, or was before a rotation."""
        approval = self._by_token.get(token)
        return approval if approval and not approval.ended else None

    def rotate(self, approval: Approval) -> None:
        """Give an approval a new refresh token; the old one is a trap from now on."""
        approval.refresh_token = new_refresh_token()
        self._by_token[approval.refresh_token] = approval
