"""A merge patch makes one raw form of another, whatever they are."""

from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from support.fake_api import merge
from token_operator.cluster.merge_patch import either, merge_patch

NAMES: Final = st.sampled_from(["a", "b", "c"])
SCALARS: Final = st.integers(0, 3) | st.sampled_from(["", "x"])
LISTS: Final = st.lists(st.integers(0, 2), max_size=2)


def maps(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return maps up to three deep."""
    deep = st.dictionaries(NAMES, leaves, max_size=3)
    for _ in range(2):
        deep = st.dictionaries(NAMES, leaves | deep, max_size=3)
    return deep


RAW: Final = maps(SCALARS | LISTS)


@given(before=RAW, after=RAW)
def test_patch_upon_the_one_makes_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert merge(before, merge_patch(before, after)) == after


@given(one=RAW)
def test_patch_between_equals_is_empty(one: dict[str, Any]) -> None:
    assert merge_patch(one, one) == {}


@given(one=RAW, other=RAW, after=RAW)
def test_patch_upon_either_makes_the_same_of_both(
    one: dict[str, Any], other: dict[str, Any], after: dict[str, Any]
) -> None:
    patch = merge_patch(either(one, other), after)

    assert merge(one, patch) == merge(other, patch) == after
