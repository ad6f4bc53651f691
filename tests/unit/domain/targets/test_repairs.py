"""Repairs in a row, on virtual time."""

from datetime import timedelta

import pytest

from support.builders import NOON, SECOND
from token_operator.domain.targets.repairs import LONGEST_DELAY, NO_REPAIRS, Repairs

MINUTE = timedelta(minutes=1)


def in_a_row(count: int) -> Repairs:
    repairs = NO_REPAIRS
    for number in range(count):
        at = NOON + number * SECOND
        repairs = repairs.followed_by_one(at, broken_at=at)
    return repairs


def test_row_counts_repairs_and_keeps_its_beginning() -> None:
    assert in_a_row(5) == Repairs(5, NOON, NOON + 4 * SECOND)


@pytest.mark.parametrize(
    ("count", "seconds"),
    [(3, 30), (4, 60), (5, 120), (6, 240), (7, 300), (10_000, 300)],
)
def test_next_repair_waits_longer_each_time_up_to_five_minutes(count: int, seconds: int) -> None:
    assert Repairs(count, NOON, NOON).delay == timedelta(seconds=seconds)


@pytest.mark.parametrize(("count", "must_wait"), [(0, False), (2, False), (3, True), (9, True)])
def test_fourth_repair_in_a_row_must_wait(count: int, *, must_wait: bool) -> None:
    assert in_a_row(count).must_wait(NOON + MINUTE) is must_wait


def test_row_ends_when_the_target_held_for_five_minutes() -> None:
    row = in_a_row(3)
    assert row.last_at is not None
    later = row.last_at + LONGEST_DELAY

    assert not row.must_wait(later)
    assert row.followed_by_one(later, broken_at=later) == Repairs(1, later, later)
    assert row.must_wait(later - SECOND)


def test_time_that_a_broken_target_waits_does_not_end_its_row() -> None:
    row = in_a_row(7)
    assert row.last_at is not None
    repaired_at = row.last_at + LONGEST_DELAY

    assert row.followed_by_one(repaired_at, broken_at=row.last_at).count == 8
