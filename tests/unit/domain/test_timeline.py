"""How instants of the operator's timeline are shown."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.builders import HOUR, NOON, SECOND
from token_operator.domain.timeline import UNMOVED, Timeline

STEPS = st.timedeltas(timedelta(days=-9000), timedelta(days=9000))


@given(distance=STEPS, past=STEPS)
def test_what_is_read_back_is_what_was_shown(distance: timedelta, past: timedelta) -> None:
    timeline, at = UNMOVED.corrected(distance), NOON - past

    assert timeline.read(timeline.shown(at)) == at
    assert abs(timeline.shown(at) - at - distance) <= 30 * SECOND


@given(first=STEPS, second=STEPS)
def test_step_is_in_whole_seconds(first: timedelta, second: timedelta) -> None:
    timeline = UNMOVED.corrected(first).corrected(second)

    assert timeline.step % SECOND == timedelta()
    assert timeline.corrected(second) == timeline


@pytest.mark.parametrize(
    ("distance", "step"),
    [
        pytest.param(30 * SECOND, timedelta(), id="ignored"),
        pytest.param(-30 * SECOND, timedelta(), id="ignored, back"),
        pytest.param(31 * SECOND, 31 * SECOND, id="followed"),
        pytest.param(-HOUR, -HOUR, id="followed, back"),
        pytest.param(timedelta(seconds=40.6), 41 * SECOND, id="rounded"),
    ],
)
def test_small_distances_are_ignored(distance: timedelta, step: timedelta) -> None:
    assert UNMOVED.corrected(distance) == Timeline(step)


def test_instant_at_the_end_of_all_time_stays() -> None:
    last = datetime.max.replace(tzinfo=UTC)

    assert Timeline(HOUR).shown(last) == last
    assert Timeline(HOUR).shown(NOON) == NOON + HOUR
