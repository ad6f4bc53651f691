"""Who may call Salesforce now."""

from contextlib import ExitStack
from datetime import timedelta

import pytest

from support.builders import HOUR, MINUTE, NOON, SECOND
from support.parts import key_of
from token_operator.domain.budget import HARD_LIMIT, SOFT_LIMIT, Urgency
from token_operator.domain.connection import ConnectionKey
from token_operator.domain.failures import SalesforceUnavailableError, UserNotApprovedError
from token_operator.reconcile import call_admission as module
from token_operator.reconcile.call_admission import (
    BudgetExhausted,
    CallAdmission,
    Caller,
    HostFailing,
    NoPlace,
)

HOST = "acme.my.salesforce.com"
DOWN = SalesforceUnavailableError("acme answered with status 503.")


class Woken(list[ConnectionKey]):
    """The keys that were put back into the queue."""


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture
def admission(woken: Woken) -> CallAdmission:
    return CallAdmission(requeue=woken.append)


def caller(
    name: str, *, host: str = HOST, user: str = "", urgency: Urgency = Urgency.DUE
) -> Caller:
    """Return a caller with a user of its own unless one is named."""
    return Caller(key=key_of(name), host=host, user=("app", user or name), urgency=urgency)


def log_in_all(admission: CallAdmission, stack: ExitStack, *callers: Caller) -> None:
    for one in callers:
        assert admission.admit_login(one, NOON) is None
        stack.enter_context(admission.hold_login_place(one, NOON))


def test_user_logs_in_once_at_a_time(admission: CallAdmission, woken: Woken) -> None:
    second = caller("b", user="me")
    with admission.hold_login_place(caller("a", user="me"), NOON):
        assert admission.admit_login(second, NOON) == NoPlace()

    assert woken == [second.key]
    assert admission.admit_login(second, NOON) is None


def test_host_has_four_places(admission: CallAdmission) -> None:
    with ExitStack() as stack:
        log_in_all(admission, stack, *map(caller, "abcd"))

        assert admission.admit_login(caller("e"), NOON) == NoPlace()
        assert admission.admit_login(caller("e", host="other.my.salesforce.com"), NOON) is None


def test_all_hosts_together_have_twenty_places(admission: CallAdmission) -> None:
    with ExitStack() as stack:
        log_in_all(admission, stack, *(caller(f"c{n}", host=f"h{n}") for n in range(20)))

        assert admission.admit_login(caller("x", host="free"), NOON) == NoPlace()


def test_verifications_have_places_of_their_own(admission: CallAdmission, woken: Woken) -> None:
    with ExitStack() as stack:
        log_in_all(admission, stack, *map(caller, "abcd"))
        for one in map(caller, "efgh"):
            assert admission.admit_verification(one, NOON) is None
            stack.enter_context(admission.hold_verification_place(one))

        assert admission.admit_verification(caller("i"), NOON) == NoPlace()
    assert woken == [key_of("i")]


def test_most_urgent_of_the_parked_is_called_first(admission: CallAdmission, woken: Woken) -> None:
    with admission.hold_login_place(caller("a", user="me"), NOON):
        for name, urgency in (("due", Urgency.DUE), ("dead", Urgency.DEAD), ("new", Urgency.NEW)):
            one = caller(name, user="me", urgency=urgency)
            assert admission.admit_login(one, NOON) == NoPlace()

    assert woken == [key_of("dead")]


def test_place_is_given_back_by_a_login_that_failed(admission: CallAdmission) -> None:
    with (
        pytest.raises(SalesforceUnavailableError),
        admission.hold_login_place(caller("a", user="me"), NOON),
    ):
        raise DOWN

    assert admission.admit_login(caller("b", user="me"), NOON) is None


def test_who_came_by_itself_is_not_called_again(admission: CallAdmission, woken: Woken) -> None:
    b, c = caller("b", user="me"), caller("c", user="me")
    with admission.hold_login_place(caller("a", user="me"), NOON):
        admission.admit_login(b, NOON)
    woken.clear()
    admission._ensure_login_lanes(b)[2].parked[b.key] = Urgency.DUE

    with admission.hold_login_place(b, NOON):
        admission.admit_login(c, NOON)

    assert woken == [c.key]


def test_who_is_gone_is_not_called(admission: CallAdmission, woken: Woken) -> None:
    b, c = caller("b", user="me"), caller("c", user="me")
    with admission.hold_login_place(caller("a", user="me"), NOON):
        admission.admit_login(b, NOON)
        admission.admit_login(c, NOON)
        admission.forget(b.key)

    assert woken == [c.key]


def fail_for_all(admission: CallAdmission) -> None:
    admission.record_outcome(caller("a"), DOWN)
    admission.record_outcome(caller("b"), DOWN)


def test_one_failing_connection_does_not_close_the_host(admission: CallAdmission) -> None:
    admission.record_outcome(caller("a"), DOWN)
    admission.record_outcome(caller("a"), DOWN)

    assert admission.admit_login(caller("c"), NOON) is None
    assert admission.admit_login(caller("d"), NOON) is None


def test_host_that_fails_for_all_is_tried_by_one(admission: CallAdmission) -> None:
    fail_for_all(admission)

    assert admission.admit_login(caller("c"), NOON) is None
    assert admission.admit_login(caller("d"), NOON) == HostFailing(DOWN)
    assert admission.admit_verification(caller("e"), NOON) == HostFailing(DOWN)
    assert admission.admit_login(caller("c"), NOON + 5 * SECOND) is None


def test_another_one_tries_when_the_first_has_stopped(admission: CallAdmission) -> None:
    fail_for_all(admission)
    admission.admit_login(caller("c"), NOON)

    later = NOON + 90 * SECOND

    assert admission.admit_login(caller("d"), later - SECOND) == HostFailing(DOWN)
    assert admission.admit_login(caller("d"), later) is None
    assert admission.admit_login(caller("c"), later) == HostFailing(DOWN)


def test_success_wakes_all_who_failed_or_waited(admission: CallAdmission) -> None:
    fail_for_all(admission)
    admission.admit_login(caller("c"), NOON)
    admission.admit_login(caller("d"), NOON)

    woken = admission.record_success(caller("c"))

    assert woken == {key_of("a"), key_of("b"), key_of("d")}
    assert admission.admit_login(caller("d"), NOON) is None
    assert admission.record_success(caller("c")) == frozenset()


def test_refusal_of_one_connection_is_an_answer_of_the_host(admission: CallAdmission) -> None:
    fail_for_all(admission)

    woken = admission.record_outcome(caller("c"), UserNotApprovedError("Not approved."))

    assert woken == {key_of("a"), key_of("b")}


def test_somebody_tries_in_place_of_one_that_is_gone(
    admission: CallAdmission, woken: Woken
) -> None:
    fail_for_all(admission)
    admission.admit_login(caller("c"), NOON)
    admission.admit_login(caller("d"), NOON)

    admission.forget(key_of("c"))

    assert woken == [key_of("d")]
    assert admission.admit_login(caller("d"), NOON) is None


def test_nobody_is_woken_where_nobody_waits(admission: CallAdmission, woken: Woken) -> None:
    fail_for_all(admission)
    admission.admit_login(caller("c"), NOON)

    admission.forget(key_of("x"))
    admission.forget(key_of("c"))

    assert woken == []


def test_past_the_soft_limit_due_renewals_slow_down(admission: CallAdmission) -> None:
    for _ in range(SOFT_LIMIT):
        admission.count_login(caller("a", user="me"), NOON)

    due = caller("b", user="me")

    assert admission.admit_login(due, NOON) == BudgetExhausted(NOON + 6 * SECOND, is_hard=False)
    assert admission.admit_login(due, NOON + 6 * SECOND) is None
    assert admission.admit_login(caller("c", user="me", urgency=Urgency.DEAD), NOON) is None


def test_past_the_hard_limit_of_a_namespace_it_does_not_log_in(admission: CallAdmission) -> None:
    for _ in range(HARD_LIMIT):
        admission.count_login(caller("a", user="me"), NOON)

    dead = caller("b", user="me", urgency=Urgency.DEAD)

    hour_later = NOON + timedelta(hours=1)
    assert admission.admit_login(dead, NOON + MINUTE) == BudgetExhausted(hour_later, is_hard=True)
    assert admission.admit_login(dead, hour_later) is None
    assert admission.admit_login(caller("c"), NOON) is None


def other_tenant(*, user: str = "me", urgency: Urgency = Urgency.DUE) -> Caller:
    key = ConnectionKey("hostile", "a")
    return Caller(key=key, host=HOST, user=("app", user), urgency=urgency)


def test_budget_is_of_user_and_app(admission: CallAdmission) -> None:
    for user in (("app", "me"), ("app", "me"), ("other", "me"), ("app", "you"), ("app", "")):
        admission.count_login(Caller(key=key_of("a"), host=HOST, user=user), NOON)

    assert admission.used_shares(NOON) == {HOST: 2 / HARD_LIMIT}


def test_refused_logins_of_another_tenant_take_nothing_away(admission: CallAdmission) -> None:
    for _ in range(HARD_LIMIT):
        admission.count_login(other_tenant(), NOON)

    assert isinstance(admission.admit_login(other_tenant(), NOON), BudgetExhausted)
    assert admission.admit_login(caller("a", user="me"), NOON) is None


def test_accepted_logins_of_all_tenants_count_together(admission: CallAdmission) -> None:
    for _ in range(HARD_LIMIT):
        admission.count_accepted_login(other_tenant(), NOON)
    mine = caller("a", user="me")

    assert admission.admit_login(mine, NOON) == BudgetExhausted(NOON + HOUR, is_hard=True)
    assert admission.admit_login(caller("a", user="you"), NOON) is None


def test_dead_token_is_replaced_whatever_other_tenants_use_up(admission: CallAdmission) -> None:
    for _ in range(HARD_LIMIT):
        admission.count_accepted_login(other_tenant(), NOON)
    dead = caller("a", user="me", urgency=Urgency.DEAD)

    assert admission.admit_login(dead, NOON) is None

    for _ in range(SOFT_LIMIT):
        admission.count_login(dead, NOON)
    assert admission.admit_login(dead, NOON) == BudgetExhausted(NOON + HOUR, is_hard=True)


def test_memory_of_budgets_and_places_is_bounded(
    admission: CallAdmission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_REMEMBERED", 10)

    for number in range(50):
        with admission.hold_login_place(caller(f"c{number}", host=f"h{number}"), NOON):
            pass

    assert len(admission._budgets) <= 10
    assert len(admission._lanes) <= 12
