"""Which refresh tokens were used is remembered by their hashes, up to a bound."""

from token_operator.domain.lifecycle import after
from token_operator.domain.outcomes import RefreshTokenUsed
from token_operator.domain.state import State
from token_operator.domain.token import fingerprint_of
from token_operator.domain.used_refresh_tokens import MOST_REMEMBERED, remembering, was_used

MANY = tuple(f"token {number}" for number in range(MOST_REMEMBERED + 20))


def remembered(*tokens: str) -> tuple[str, ...]:
    used: tuple[str, ...] = ()
    for token in tokens:
        used = remembering(used, token)
    return used


def test_used_token_is_known_by_its_hash_alone() -> None:
    used = after(State(), RefreshTokenUsed("5Aep-first")).used_refresh_tokens

    assert used == (fingerprint_of("5Aep-first"),)
    assert was_used(frozenset(used), "5Aep-first")
    assert not was_used(frozenset(used), "5Aep-next")
    assert "5Aep" not in repr(RefreshTokenUsed("5Aep-first"))


def test_token_is_remembered_once() -> None:
    assert remembered("a", "b", "a") == remembered("a", "b")


def test_first_token_and_the_latest_are_remembered() -> None:
    used = remembered(*MANY)

    assert len(used) == MOST_REMEMBERED
    assert used[0] == fingerprint_of(MANY[0])
    assert used[1:] == tuple(map(fingerprint_of, MANY[-(MOST_REMEMBERED - 1) :]))
