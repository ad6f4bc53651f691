"""What the metrics count about the tokens of one connection.

The dead-token time begins when Salesforce ends a session that a target still holds, and ends
when no target holds that token any more or Salesforce takes it again. The renewal margin is the
life that a token had left when its successor was written.
"""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from token_operator.domain import life
from token_operator.domain.connection import TokenSettings
from token_operator.domain.life import HeldToken


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadToken:
    """A token that some target holds though Salesforce has ended its session."""

    fingerprint: str
    since: datetime


@dataclass(slots=True)
class TokenAccount:
    """The account of one connection, changed by these methods alone."""

    _dead: DeadToken | None = None
    # Of dead tokens before this one.
    _dead_seconds: float = 0.0
    # When the life ends of the token that the one to be written replaces.
    _replaced_end: datetime | None = None

    def follow(self, held: HeldToken | None, shown: Set[str], now: datetime) -> None:
        """Begin, continue or end the dead-token time; *shown* are the targets' fingerprints."""
        dead = self._dead
        if dead is not None and (dead.fingerprint not in shown or _is_alive_again(held, dead)):
            self._dead_seconds += _seconds_since(dead, now)
            self._dead = dead = None
        if dead is not None or held is None or held.dead_since is None:
            return
        if held.token.fingerprint in shown:
            self._dead = DeadToken(fingerprint=held.token.fingerprint, since=held.dead_since)

    def dead_seconds(self, now: datetime) -> float:
        """Return for how many seconds in all targets have held a token known to be dead."""
        current = 0.0 if self._dead is None else _seconds_since(self._dead, now)
        return self._dead_seconds + current

    def replace(self, held: HeldToken, settings: TokenSettings) -> None:
        """Record that *held* is to be replaced in the targets by another token."""
        end = life.expires_at(held, settings)
        self._replaced_end = min(end, held.dead_since or end)

    def take_margin(self, now: datetime) -> timedelta | None:
        """Return the life that the replaced token has left, once; None where none was replaced."""
        end, self._replaced_end = self._replaced_end, None
        return None if end is None else end - now


def _is_alive_again(held: HeldToken | None, dead: DeadToken) -> bool:
    return held is not None and held.token.fingerprint == dead.fingerprint and not held.is_dead


def _seconds_since(dead: DeadToken, now: datetime) -> float:
    return max((now - dead.since).total_seconds(), 0.0)
