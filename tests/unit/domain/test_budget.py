"""The login budget of an integration user."""

from datetime import timedelta

import pytest

from support.builders import HOUR, NOON, SECOND
from token_operator.domain.budget import HARD_LIMIT, SLOW_PACE, SOFT_LIMIT, LoginBudget, Urgency


def a_budget(logins: int) -> LoginBudget:
    budget = LoginBudget()
    for _ in range(logins):
        budget.note(NOON)
    return budget


@pytest.mark.parametrize(
    ("logins", "urgency", "wait"),
    [
        pytest.param(0, Urgency.DUE, timedelta(), id="unused"),
        pytest.param(SOFT_LIMIT - 1, Urgency.DUE, timedelta(), id="below the soft limit"),
        pytest.param(SOFT_LIMIT, Urgency.DUE, SLOW_PACE, id="past it renewals slow down"),
        pytest.param(SOFT_LIMIT, Urgency.NEW, timedelta(), id="past it new ones do not"),
        pytest.param(SOFT_LIMIT, Urgency.DEAD, timedelta(), id="past it dead ones do not"),
        pytest.param(HARD_LIMIT, Urgency.DEAD, HOUR, id="at the hard limit all wait"),
    ],
)
def test_login_is_free_by_its_urgency(logins: int, urgency: Urgency, wait: timedelta) -> None:
    assert a_budget(logins).free_at(NOON, urgency) == NOON + wait


def test_logins_older_than_an_hour_are_forgotten() -> None:
    budget = a_budget(HARD_LIMIT)

    assert budget.is_exhausted(NOON + HOUR - SECOND)
    assert not budget.is_exhausted(NOON + HOUR)


def test_used_share_is_of_the_hard_limit() -> None:
    assert a_budget(HARD_LIMIT // 2).used_share(NOON) == 0.5


def test_most_urgent_comes_first() -> None:
    assert sorted([Urgency.DUE, Urgency.NEW, Urgency.DEAD]) == [
        Urgency.DEAD,
        Urgency.NEW,
        Urgency.DUE,
    ]
