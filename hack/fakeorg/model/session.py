"""Sessions: one access token each, until its idle timeout or its fixed end.

The caller holds the org's lock.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple


class SessionKey(NamedTuple):
    """What makes two logins share a session."""

    username: str
    consumer_key: str
    scopes: tuple[str, ...]
    approval: str = ""  # the id of the approval whose refresh token was used


@dataclass(slots=True, kw_only=True)
class Session:
    """A session of one user with one app."""

    token: str = field(repr=False)
    username: str
    consumer_key: str
    scopes: tuple[str, ...]
    opened_at: datetime
    idle_since: datetime
    timeout: timedelta
    fixed_end: datetime | None = None  # of a JWT-format token, which activity does not extend
    approval: str = ""
    killed: bool = False

    @property
    def key(self) -> SessionKey:
        """What makes two logins share a session."""
        return SessionKey(self.username, self.consumer_key, self.scopes, self.approval)

    @property
    def expires_at(self) -> datetime:
        """The instant from which the token is dead, if nothing happens before."""
        return self.fixed_end or self.idle_since + self.timeout

    def is_live(self, now: datetime) -> bool:
        """Return whether the token still works."""
        return not self.killed and now < self.expires_at

    def slide(self, now: datetime, *, always: bool) -> None:
        """Start the idle timeout anew, if the first half of it has passed (or always)."""
        if always or now - self.idle_since >= self.timeout / 2:
            self.idle_since = now


class Sessions:
    """All sessions of one org."""

    def __init__(self) -> None:
        self._by_token: dict[str, Session] = {}
        self._newest: dict[SessionKey, Session] = {}

    def open(self, session: Session) -> None:
        """Add a new session, which the next login with the same key finds."""
        self._by_token[session.token] = session
        self._newest[session.key] = session

    def find(self, token: str, now: datetime) -> Session | None:
        """Return the live session of a token."""
        session = self._by_token.get(token)
        return session if session and session.is_live(now) else None

    def newest(self, key: SessionKey, now: datetime) -> Session | None:
        """Return the live session that a login with this key would share."""
        session = self._newest.get(key)
        return session if session and session.is_live(now) else None

    def has_seen(self, key: SessionKey) -> bool:
        """Return whether there ever was a session with this key."""
        return key in self._newest

    def live(self, now: datetime) -> list[Session]:
        """Return all live sessions."""
        return [session for session in self._by_token.values() if session.is_live(now)]

    def kill(self, *, username: str | None = None, consumer_key: str | None = None) -> int:
        """End all sessions (of one user, of one app) and return how many that were."""
        doomed = [
            session
            for session in self._by_token.values()
            if not session.killed
            and username in (None, session.username)
            and consumer_key in (None, session.consumer_key)
        ]
        for session in doomed:
            session.killed = True
        return len(doomed)

    def kill_approved_by(self, approval: str) -> None:
        """End all sessions that the refresh token of an approval opened."""
        for session in self._by_token.values():
            session.killed |= session.approval == approval
