"""Counting how long targets hold a token that is known to be dead.

The count begins when Salesforce says so, and ends when no target holds the token any more
or Salesforce takes it again.
"""

from datetime import datetime, timedelta

from token_operator.reconcile.record import DeadToken, Record


def note_dead_token(record: Record, now: datetime) -> None:
    """Begin, go on with or end the count after whatever a pass has found and written."""
    held, dead = record.state.held, record.dead_token
    if dead is not None and (
        not _targets_hold(record, dead.fingerprint) or _is_alive_again(record, dead)
    ):
        record.dead_seconds += _seconds_since(dead, now)
        record.dead_token = dead = None
    if dead is None and held is not None and held.dead_since is not None:
        fingerprint = held.token.fingerprint
        if _targets_hold(record, fingerprint):
            record.dead_token = DeadToken(fingerprint=fingerprint, since=held.dead_since)


def dead_seconds_of(record: Record, now: datetime) -> float:
    """Return for how many seconds in all targets have held a token that was known to be dead."""
    dead = record.dead_token
    return record.dead_seconds + (_seconds_since(dead, now) if dead is not None else 0.0)


def shift_dead_token(record: Record, by: timedelta) -> None:
    """Keep the length of the count after the wall clock was set by *by*."""
    dead = record.dead_token
    if dead is not None:
        record.dead_token = DeadToken(fingerprint=dead.fingerprint, since=dead.since + by)


def _targets_hold(record: Record, fingerprint: str) -> bool:
    return any(target.fingerprint == fingerprint for target in record.targets.values())


def _is_alive_again(record: Record, dead: DeadToken) -> bool:
    held = record.state.held
    return held is not None and held.token.fingerprint == dead.fingerprint and not held.is_dead


def _seconds_since(dead: DeadToken, now: datetime) -> float:
    return max((now - dead.since).total_seconds(), 0.0)
