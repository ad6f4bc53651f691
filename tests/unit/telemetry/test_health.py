"""Liveness and readiness say what is wrong, and nothing else."""

from datetime import timedelta

import pytest

from token_operator.telemetry.health import Health


class HandClock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, **duration: float) -> None:
        self.seconds += timedelta(**duration).total_seconds()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def health(clock: HandClock) -> Health:
    return Health(clock, server_timeout=timedelta(minutes=10))


def test_operator_that_has_just_started_is_alive_but_not_ready(health: Health) -> None:
    assert health.liveness() == []
    assert health.readiness() == ["The first lists are not in yet."]


def test_operator_is_ready_once_the_first_lists_are_in(health: Health) -> None:
    health.ready()

    assert health.readiness() == []


def test_watch_that_is_never_opened_is_dead_after_the_grace(
    health: Health, clock: HandClock
) -> None:
    health.expect_watches(["secrets"])

    clock.advance(minutes=12)
    assert health.liveness() == []

    clock.advance(seconds=1)
    assert health.liveness() == [
        "The watch of secrets was last opened 721 s ago, longer than 720 s."
    ]


def test_watch_that_is_opened_again_stays_alive(health: Health, clock: HandClock) -> None:
    health.expect_watches(["secrets"])
    clock.advance(minutes=11)

    health.watch_opened("secrets")
    clock.advance(minutes=11)

    assert health.liveness() == []


def test_each_dead_watch_is_named(health: Health, clock: HandClock) -> None:
    health.expect_watches(["secrets in b", "secrets in a", "connections"])
    clock.advance(minutes=11)
    health.watch_opened("connections")
    clock.advance(minutes=2)

    problems = health.liveness()

    assert [problem.split(" was ")[0] for problem in problems] == [
        "The watch of secrets in a",
        "The watch of secrets in b",
    ]


def test_watch_that_nobody_expects_is_not_missed(health: Health, clock: HandClock) -> None:
    health.watch_opened("namespaces")
    clock.advance(hours=1)

    assert health.liveness() == []


def test_standby_that_expects_no_watch_any_more_is_alive(health: Health, clock: HandClock) -> None:
    health.expect_watches(["secrets"])
    health.expect_watches([])
    clock.advance(hours=1)

    assert health.liveness() == []


def test_event_loop_that_lags_more_than_ten_seconds_is_not_alive(
    health: Health, clock: HandClock
) -> None:
    health.beat()
    clock.advance(seconds=10)
    assert health.liveness() == []

    clock.advance(seconds=1)

    assert health.liveness() == ["The event loop lags by 11 s."]


def test_event_loop_that_beats_again_is_alive(health: Health, clock: HandClock) -> None:
    health.beat()
    clock.advance(minutes=1)
    health.beat()

    assert health.liveness() == []


@pytest.mark.parametrize(
    ("depth", "seconds", "problems"),
    [
        pytest.param(0, 9000, [], id="an empty queue may stand still"),
        pytest.param(7, 300, [], id="five minutes are borne"),
        pytest.param(
            7,
            301,
            ["The queue holds 7 and no worker made progress for 301 s."],
            id="more are not",
        ),
    ],
)
def test_queue_that_stands_still_is_not_alive(
    health: Health, depth: int, seconds: float, problems: list[str]
) -> None:
    health.watch_queue(lambda: (depth, seconds))

    assert health.liveness() == problems


def test_every_queue_is_watched(health: Health) -> None:
    health.watch_queue(lambda: (1, 1.0))
    health.watch_queue(lambda: (7, 400.0))
    health.watch_queue(lambda: (8, 500.0))

    assert health.liveness() == [
        "The queue holds 7 and no worker made progress for 400 s.",
        "The queue holds 8 and no worker made progress for 500 s.",
    ]
