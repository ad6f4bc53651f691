from datetime import timedelta

from support.loopback import NOON
from token_operator.salesforce.clock_offset import HOSTS, ClockOffset


def offsets(*seconds: int) -> ClockOffset:
    found = ClockOffset()
    for second in seconds:
        found.note("a", NOON + timedelta(seconds=second), NOON)
    return found


def test_an_unknown_host_has_no_offset() -> None:
    assert ClockOffset().of("a") == timedelta()


def test_the_offset_is_the_median_of_the_samples() -> None:
    assert offsets(60, 61, 3600).of("a") == timedelta(seconds=61)


def test_only_the_last_five_samples_count() -> None:
    assert offsets(-9, -9, -9, -9, 5, 5, 5).of("a") == timedelta(seconds=5)


def test_a_date_that_is_no_clock_is_ignored() -> None:
    found = ClockOffset()
    found.note("a", NOON.replace(year=9999), NOON)

    assert found.of("a") == timedelta()


def test_each_host_has_its_own_offset_and_the_oldest_hosts_are_forgotten() -> None:
    found = offsets(7)
    for number in range(HOSTS):
        found.note(f"host-{number}", NOON, NOON)

    assert found.of("a") == timedelta()
    assert len(found._samples) == HOSTS


def test_a_step_of_our_own_clock_leaves_every_offset_as_a_guess() -> None:
    found = offsets(60, 61, 3600)

    found.doubt()

    assert found.of("a") == timedelta(seconds=61)


def test_org_is_heard_where_the_operator_started_with_a_wall_clock_that_was_years_off() -> None:
    years = timedelta(days=20_000)
    found = ClockOffset(lambda: years)

    found.note("a", NOON + years + timedelta(seconds=2), NOON)

    assert found.of("a") == years + timedelta(seconds=2)


def test_host_of_which_nothing_is_known_has_the_time_of_the_wall_clock() -> None:
    found = ClockOffset(lambda: timedelta(hours=3))

    assert found.of("a") == timedelta(hours=3)


def test_first_answer_after_a_step_counts_alone() -> None:
    found = offsets(1, 1, 1, 1, 1)
    found.doubt()

    found.note("a", NOON + timedelta(seconds=2), NOON)

    assert found.of("a") == timedelta(seconds=2)
