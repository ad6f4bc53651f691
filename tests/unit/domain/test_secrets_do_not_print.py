"""No value that holds a token shows it by accident."""

import pytest

from support.builders import MARK, a_connection, a_held_token, a_state, a_token, seen
from token_operator.domain.targets.content import values_of


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(a_token(), id="token"),
        pytest.param(a_held_token(), id="held token"),
        pytest.param(a_state(), id="state"),
        pytest.param(seen(), id="observation"),
        pytest.param(values_of(a_held_token(), a_connection(), "65.0"), id="values"),
    ],
)
def test_token_is_not_shown(value: object) -> None:
    assert MARK not in f"{value!r} {value}"


def test_fingerprint_stands_for_the_token() -> None:
    assert a_token().fingerprint.startswith("sha256:")
    assert MARK not in a_token().fingerprint
