"""The laws of a token's life, over weeks of virtual time, for every habit an org may have.

Simulated length of one combination: 300 verification intervals, but at least six lives (fewer
where that would be more than 1,200 intervals) and at most two weeks. The default settings live
three weeks with each habit. That is the long profile (`make test MODEL=long`, as `.ci/run` does);
the quick one covers every combination too, for a fifth of that time.
"""

import itertools
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from support.builders import MINUTE, SECOND, token_settings
from support.simulated_operator import Weather, simulate
from support.simulated_org import Habits, TokenFormat
from token_operator.domain.connection import TokenSettings

ZERO: Final = timedelta()
DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(weeks=1)
TIMEOUTS_AND_LIFETIMES: Final = (
    (15 * MINUTE, 15 * MINUTE),
    (15 * MINUTE, 7 * MINUTE),
    (120 * MINUTE, 120 * MINUTE),
    (120 * MINUTE, 60 * MINUTE),
    (DAY, DAY),
    (DAY, 60 * MINUTE),
)
INTERVALS: Final = (5 * SECOND, 5 * MINUTE, DAY, ZERO)
SWITCHES: Final = tuple(itertools.product((False, True), repeat=4))
# A fixed expiry does not slide: only what a first login returns makes a difference.
SWITCHES_OF_FIXED: Final = tuple(s for s in SWITCHES if not any(s[:3]))
# Scope api or only openid, and the used share of the daily API requests.
ACCESS: Final = {"api": (True, 0.1), "openid only": (False, 0.1), "api, 81 % used": (True, 0.81)}
IS_LONG: Final = os.environ.get("TOKEN_MODEL") == "long"
SHARE: Final = 1 if IS_LONG else 1 / 5
MOST_STEPS: Final = 300


def weather_for(life: timedelta, interval: timedelta) -> Weather:
    """Return outages, restarts and revocations at the pace of a life, as rare as laws ask."""
    pace = max(min(interval or life / 2, life / 12 if interval else life / 2), 5 * SECOND)
    length = max(min(2 * WEEK, pace * MOST_STEPS), min(6 * life, pace * 4 * MOST_STEPS))
    return Weather(
        length=length * SHARE,
        outage_every=2 * life,
        # Two are at least 20 minutes apart, so that no hour sees a fourth.
        revocation_every=max(40 * MINUTE, 4 * life),
        restart_every=max(life * 0.7, 5 * MINUTE),
    )


def habits_of(
    timeout: timedelta, token_format: TokenFormat, access: str, switches: tuple[bool, ...]
) -> Habits:
    """Return an org by its timeout, its format and four switches."""
    any_call, userinfo, login, old = switches
    has_api, usage = ACCESS[access]
    return Habits(
        timeout=timeout,
        token_format=token_format,
        any_call_slides=any_call,
        userinfo_slides=userinfo,
        login_extends=login,
        first_is_old=old,
        has_api_scope=has_api,
        api_usage=usage,
    )


def id_of(timeout: timedelta, lifetime: timedelta, interval: timedelta) -> str:
    return f"timeout {timeout}, lifetime {lifetime}, verified every {interval}"


def lives() -> Iterator[tuple[timedelta, timedelta, timedelta]]:
    for (timeout, lifetime), interval in itertools.product(TIMEOUTS_AND_LIFETIMES, INTERVALS):
        yield timeout, lifetime, interval


LIVES: Final = [pytest.param(*one, id=id_of(*one)) for one in lives()]


@pytest.mark.parametrize("access", ACCESS)
@pytest.mark.parametrize("token_format", TokenFormat)
@pytest.mark.parametrize(("timeout", "lifetime", "interval"), LIVES)
def test_laws_hold_for_every_habit_of_an_org(
    timeout: timedelta,
    lifetime: timedelta,
    interval: timedelta,
    token_format: TokenFormat,
    access: str,
) -> None:
    settings = token_settings(lifetime=lifetime, verify_interval=interval)
    life = lifetime if token_format is TokenFormat.OPAQUE else timeout
    broken: dict[str, list[str]] = {}

    for switches in SWITCHES if token_format is TokenFormat.OPAQUE else SWITCHES_OF_FIXED:
        habits = habits_of(timeout, token_format, access, switches)
        seed = f"{timeout} {lifetime} {interval} {token_format} {access} {switches}"
        lived = simulate(habits, settings, weather_for(life, interval), seed=seed)
        if lived.violations:
            broken[seed] = lived.violations[:3]

    assert not broken


@pytest.mark.parametrize("access", ACCESS)
@pytest.mark.parametrize("token_format", TokenFormat)
def test_laws_hold_for_weeks_with_the_default_settings(
    token_format: TokenFormat, access: str
) -> None:
    weather = replace(weather_for(60 * MINUTE, 5 * MINUTE), length=3 * WEEK * SHARE)
    broken: dict[str, list[str]] = {}

    for switches in SWITCHES if token_format is TokenFormat.OPAQUE else SWITCHES_OF_FIXED:
        habits = habits_of(120 * MINUTE, token_format, access, switches)
        lived = simulate(habits, TokenSettings(), weather, seed=f"{access} {switches}")
        if lived.violations:
            broken[str(switches)] = lived.violations[:3]

    assert not broken


@pytest.mark.parametrize("dead_answers", [1, 2, 5])
@pytest.mark.parametrize("has_api_scope", [True, False], ids=["api", "openid only"])
def test_dead_session_that_logins_return_is_ended_and_no_living_one(
    dead_answers: int, *, has_api_scope: bool
) -> None:
    habits = Habits(
        timeout=120 * MINUTE, dead_answers=dead_answers, has_api_scope=has_api_scope,
        userinfo_slides=True,
    )  # fmt: skip
    weather = Weather(
        length=WEEK, revocation_every=180 * MINUTE, restart_every=100 * MINUTE
    )  # fmt: skip

    lived = simulate(habits, token_settings(), weather, seed=f"{dead_answers}")

    assert lived.violations == []
    assert (lived.own_revocations > 0) == (dead_answers > 1)


def test_shortest_life_survives_an_outage_at_the_worst_moment() -> None:
    habits = Habits(timeout=15 * MINUTE, first_is_old=True)
    settings = token_settings(lifetime=15 * MINUTE)
    weather = Weather(length=DAY, outage_every=30 * MINUTE, restart_every=5 * MINUTE)

    lived = [simulate(habits, settings, weather, seed=str(seed)) for seed in range(25)]

    assert [broken for one in lived for broken in one.violations] == []
    assert sum(one.outages for one in lived) > 500


def test_quiet_week_costs_the_renewals_that_are_due_and_no_more() -> None:
    lived = simulate(
        Habits(timeout=120 * MINUTE), TokenSettings(), Weather(length=WEEK), seed="quiet"
    )

    assert lived.violations == []
    # Every 52 % to 60 % of an hour.
    assert 168 / 0.6 <= len(lived.logins) <= 168 / 0.52 + 1


def test_restarts_cost_no_login() -> None:
    weather = Weather(length=WEEK, restart_every=10 * MINUTE)
    quiet = Weather(length=WEEK)
    habits = Habits(timeout=120 * MINUTE)

    restarted = simulate(habits, TokenSettings(), weather, seed="restarts")
    undisturbed = simulate(habits, TokenSettings(), quiet, seed="restarts")

    assert restarted.restarts > 900
    assert abs(len(restarted.logins) - len(undisturbed.logins)) <= 1
