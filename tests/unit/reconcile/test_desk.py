"""Who may call Salesforce now."""

from contextlib import ExitStack
from datetime import timedelta

import pytest

from support.builders import MINUTE, NOON, SECOND
from support.parts import key_of
from token_operator.domain.budget import HARD_LIMIT, SOFT_LIMIT, Urgency
from token_operator.domain.connection import ConnectionKey
from token_operator.domain.failures import SalesforceUnavailableError, UserNotApprovedError
from token_operator.reconcile import desk as module
from token_operator.reconcile.desk import Caller, Desk, Exhausted, HostFails, Parked

HOST = "acme.my.salesforce.com"
DOWN = SalesforceUnavailableError("acme answered with status 503.")


class Woken(list[ConnectionKey]):
    """The keys that were put back into the queue."""


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture
def desk(woken: Woken) -> Desk:
    return Desk(wake=woken.append)


def caller(
    name: str, *, host: str = HOST, user: str = "", urgency: Urgency = Urgency.DUE
) -> Caller:
    """Return a caller with a user of its own unless one is named."""
    return Caller(key=key_of(name), host=host, user=("app", user or name), urgency=urgency)


def log_in_all(desk: Desk, stack: ExitStack, *callers: Caller) -> None:
    for one in callers:
        assert desk.obstacle_to_login(one, NOON) is None
        stack.enter_context(desk.login(one, NOON))


def test_user_logs_in_once_at_a_time(desk: Desk, woken: Woken) -> None:
    second = caller("b", user="me")
    with desk.login(caller("a", user="me"), NOON):
        assert desk.obstacle_to_login(second, NOON) == Parked()

    assert woken == [second.key]
    assert desk.obstacle_to_login(second, NOON) is None


def test_host_has_four_places(desk: Desk) -> None:
    with ExitStack() as stack:
        log_in_all(desk, stack, *map(caller, "abcd"))

        assert desk.obstacle_to_login(caller("e"), NOON) == Parked()
        assert desk.obstacle_to_login(caller("e", host="other.my.salesforce.com"), NOON) is None


def test_all_hosts_together_have_twenty_places(desk: Desk) -> None:
    with ExitStack() as stack:
        log_in_all(desk, stack, *(caller(f"c{n}", host=f"h{n}") for n in range(20)))

        assert desk.obstacle_to_login(caller("x", host="free"), NOON) == Parked()


def test_verifications_have_places_of_their_own(desk: Desk, woken: Woken) -> None:
    with ExitStack() as stack:
        log_in_all(desk, stack, *map(caller, "abcd"))
        for one in map(caller, "efgh"):
            assert desk.obstacle_to_verification(one, NOON) is None
            stack.enter_context(desk.verification(one))

        assert desk.obstacle_to_verification(caller("i"), NOON) == Parked()
    assert woken == [key_of("i")]


def test_most_urgent_of_the_parked_is_called_first(desk: Desk, woken: Woken) -> None:
    with desk.login(caller("a", user="me"), NOON):
        for name, urgency in (("due", Urgency.DUE), ("dead", Urgency.DEAD), ("new", Urgency.NEW)):
            one = caller(name, user="me", urgency=urgency)
            assert desk.obstacle_to_login(one, NOON) == Parked()

    assert woken == [key_of("dead")]


def test_place_is_given_back_by_a_login_that_failed(desk: Desk) -> None:
    with pytest.raises(SalesforceUnavailableError), desk.login(caller("a", user="me"), NOON):
        raise DOWN

    assert desk.obstacle_to_login(caller("b", user="me"), NOON) is None


def test_who_came_by_itself_is_not_called_again(desk: Desk, woken: Woken) -> None:
    b, c = caller("b", user="me"), caller("c", user="me")
    with desk.login(caller("a", user="me"), NOON):
        desk.obstacle_to_login(b, NOON)
    woken.clear()
    desk._login_lanes(b)[2].parked[b.key] = Urgency.DUE

    with desk.login(b, NOON):
        desk.obstacle_to_login(c, NOON)

    assert woken == [c.key]


def test_who_is_gone_is_not_called(desk: Desk, woken: Woken) -> None:
    b, c = caller("b", user="me"), caller("c", user="me")
    with desk.login(caller("a", user="me"), NOON):
        desk.obstacle_to_login(b, NOON)
        desk.obstacle_to_login(c, NOON)
        desk.forget(b.key)

    assert woken == [c.key]


def fail_for_all(desk: Desk) -> None:
    desk.note_failure(caller("a"), DOWN)
    desk.note_failure(caller("b"), DOWN)


def test_one_failing_connection_does_not_close_the_host(desk: Desk) -> None:
    desk.note_failure(caller("a"), DOWN)
    desk.note_failure(caller("a"), DOWN)

    assert desk.obstacle_to_login(caller("c"), NOON) is None
    assert desk.obstacle_to_login(caller("d"), NOON) is None


def test_host_that_fails_for_all_is_tried_by_one(desk: Desk) -> None:
    fail_for_all(desk)

    assert desk.obstacle_to_login(caller("c"), NOON) is None
    assert desk.obstacle_to_login(caller("d"), NOON) == HostFails(DOWN)
    assert desk.obstacle_to_verification(caller("e"), NOON) == HostFails(DOWN)
    assert desk.obstacle_to_login(caller("c"), NOON + 5 * SECOND) is None


def test_another_one_tries_when_the_first_has_stopped(desk: Desk) -> None:
    fail_for_all(desk)
    desk.obstacle_to_login(caller("c"), NOON)

    later = NOON + 90 * SECOND

    assert desk.obstacle_to_login(caller("d"), later - SECOND) == HostFails(DOWN)
    assert desk.obstacle_to_login(caller("d"), later) is None
    assert desk.obstacle_to_login(caller("c"), later) == HostFails(DOWN)


def test_success_wakes_all_who_failed_or_waited(desk: Desk) -> None:
    fail_for_all(desk)
    desk.obstacle_to_login(caller("c"), NOON)
    desk.obstacle_to_login(caller("d"), NOON)

    woken = desk.note_success(caller("c"))

    assert woken == {key_of("a"), key_of("b"), key_of("d")}
    assert desk.obstacle_to_login(caller("d"), NOON) is None
    assert desk.note_success(caller("c")) == frozenset()


def test_refusal_of_one_connection_is_an_answer_of_the_host(desk: Desk) -> None:
    fail_for_all(desk)

    woken = desk.note_failure(caller("c"), UserNotApprovedError("Not approved."))

    assert woken == {key_of("a"), key_of("b")}


def test_somebody_tries_in_place_of_one_that_is_gone(desk: Desk, woken: Woken) -> None:
    fail_for_all(desk)
    desk.obstacle_to_login(caller("c"), NOON)
    desk.obstacle_to_login(caller("d"), NOON)

    desk.forget(key_of("c"))

    assert woken == [key_of("d")]
    assert desk.obstacle_to_login(caller("d"), NOON) is None


def test_nobody_is_woken_where_nobody_waits(desk: Desk, woken: Woken) -> None:
    fail_for_all(desk)
    desk.obstacle_to_login(caller("c"), NOON)

    desk.forget(key_of("x"))
    desk.forget(key_of("c"))

    assert woken == []


def test_past_the_soft_limit_due_renewals_slow_down(desk: Desk) -> None:
    for _ in range(SOFT_LIMIT):
        desk.count_login(caller("a", user="me"), NOON)

    due = caller("b", user="me")

    assert desk.obstacle_to_login(due, NOON) == Exhausted(NOON + 6 * SECOND, is_hard=False)
    assert desk.obstacle_to_login(due, NOON + 6 * SECOND) is None
    assert desk.obstacle_to_login(caller("c", user="me", urgency=Urgency.DEAD), NOON) is None


def test_past_the_hard_limit_nobody_logs_in(desk: Desk) -> None:
    for _ in range(HARD_LIMIT):
        desk.count_login(caller("a", user="me"), NOON)

    dead = caller("b", user="me", urgency=Urgency.DEAD)

    hour_later = NOON + timedelta(hours=1)
    assert desk.obstacle_to_login(dead, NOON + MINUTE) == Exhausted(hour_later, is_hard=True)
    assert desk.obstacle_to_login(dead, hour_later) is None
    assert desk.obstacle_to_login(caller("c"), NOON) is None


def test_budget_is_of_the_user_whatever_the_app(desk: Desk) -> None:
    desk.count_login(Caller(key=key_of("a"), host=HOST, user=("app", "me")), NOON)
    desk.count_login(Caller(key=key_of("b"), host=HOST, user=("other", "me")), NOON)
    desk.count_login(Caller(key=key_of("c"), host=HOST, user=("app", "you")), NOON)

    assert desk.used_shares(NOON) == {HOST: 2 / HARD_LIMIT}


def test_memory_of_budgets_and_places_is_bounded(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_REMEMBERED", 10)

    for number in range(50):
        with desk.login(caller(f"c{number}", host=f"h{number}"), NOON):
            pass

    assert len(desk._budgets) <= 10
    assert len(desk._lanes) <= 12
