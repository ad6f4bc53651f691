"""Which of two versions of a resource is the later one."""

import pytest

from token_operator.domain.resource_versions import is_later


@pytest.mark.parametrize(
    ("seen", "known", "later"),
    [
        pytest.param("10", "9", True, id="counted up"),
        pytest.param("9", "10", False, id="counted down"),
        pytest.param("9", "9", False, id="the same"),
        pytest.param("9", "", True, id="none known"),
        pytest.param("b", "a", True, id="no numbers"),
        pytest.param("a", "a", False, id="the same text"),
    ],
)
def test_version_is_later(seen: str, known: str, later: bool) -> None:
    assert is_later(seen, known) is later
