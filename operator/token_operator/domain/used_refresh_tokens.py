"""Which refresh tokens were exchanged for the next one, and must never be sent again.

Salesforce ends the whole approval, and the access token that works, when a refresh token that
it has rotated comes again (Salesforce Help article 005316711). What is remembered of each is a
truncated hash, which discloses nothing: a refresh token is long and random.
"""

from typing import Final

from token_operator.domain.token import fingerprint_of

# At one rotation for each renewal, with default settings, the last two and a half days.
MOST_REMEMBERED: Final = 100


def remembering(used: tuple[str, ...], token: str) -> tuple[str, ...]:
    """Return the hashes with that of *token*, the latest last, at most MOST_REMEMBERED.

    The first one stays: it is the token that was stored by hand, and the one that a manifest or
    a vault goes on holding. After it the oldest goes.
    """
    mark = fingerprint_of(token)
    if mark in used:
        return used
    first, rest = used[:1], used[1:]
    kept = rest[-(MOST_REMEMBERED - 2) :] if len(used) >= MOST_REMEMBERED else rest
    return (*first, *kept, mark)


def was_used(used: frozenset[str], token: str) -> bool:
    """Whether *token* is one of those whose hashes are *used*."""
    return fingerprint_of(token) in used
