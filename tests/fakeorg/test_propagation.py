"""Changes of an app that take a while to be seen (behaviours 26 and 54)."""

from datetime import timedelta

import pytest

from fakeorg import FakeSalesforce, Readymade, keys
from fakeorg.caller import Caller, refusal

DELAY = 120


@pytest.fixture
def slow(acme: Readymade) -> Readymade:
    acme.org.settings.propagation_delay = timedelta(seconds=DELAY)
    return acme


def test_new_certificate_is_seen_only_after_the_delay(
    caller: Caller, slow: Readymade, fake: FakeSalesforce
) -> None:
    new = keys.key_pair("another")
    slow.app.replace_certificate(new.certificate)

    assert caller.log_in().status_code == 200
    assert refusal(caller.present(caller.signed_by(new.private_key)))[2] == "invalid assertion"
    fake.clock.advance(DELAY)
    assert refusal(caller.log_in())[2] == "invalid assertion"
    assert caller.present(caller.signed_by(new.private_key)).status_code == 200


def test_new_app_is_unknown_until_the_delay_has_passed(
    caller: Caller, slow: Readymade, fake: FakeSalesforce
) -> None:
    app = slow.org.add_app(
        certificates=(slow.keys.certificate,), assigned=[slow.user.username], name="second"
    )

    assert refusal(caller.log_in(iss=app.consumer_key))[1] == "invalid_client_id"
    fake.clock.advance(DELAY)
    assert caller.log_in(iss=app.consumer_key).status_code == 200


def test_assignment_is_seen_only_after_the_delay(
    caller: Caller, slow: Readymade, fake: FakeSalesforce
) -> None:
    slow.app.unassign(slow.user.username)

    assert caller.log_in().status_code == 200
    fake.clock.advance(DELAY)
    assert refusal(caller.log_in())[1] == "invalid_app_access"


def test_change_on_a_change_keeps_the_state_that_was_seen(
    caller: Caller, slow: Readymade, fake: FakeSalesforce
) -> None:
    slow.app.unassign(slow.user.username)
    fake.clock.advance(DELAY - 1)
    slow.app.change(name="renamed")

    assert caller.log_in().status_code == 200
    fake.clock.advance(DELAY)
    assert refusal(caller.log_in())[1] == "invalid_app_access"


def test_flapping_change_is_seen_by_every_second_look(
    caller: Caller, slow: Readymade, fake: FakeSalesforce
) -> None:
    slow.org.settings.flapping = True
    slow.app.unassign(slow.user.username)

    assert [caller.log_in().status_code for _ in range(4)] == [200, 400, 200, 400]
    fake.clock.advance(DELAY)
    assert [caller.log_in().status_code for _ in range(2)] == [400, 400]


def test_live_session_outlives_the_certificate_it_was_opened_with(
    caller: Caller, acme: Readymade
) -> None:
    token = caller.token()
    acme.app.replace_certificate(keys.key_pair("another").certificate)

    assert refusal(caller.log_in())[2] == "invalid assertion"
    assert caller.limits(token).status_code == 200


def test_change_without_delay_stays_when_the_clock_is_moved_back(
    caller: Caller, acme: Readymade, fake: FakeSalesforce
) -> None:
    acme.app.unassign(acme.user.username)
    fake.clock.advance(-3600)

    assert refusal(caller.log_in())[1] == "invalid_app_access"


def test_approval_by_the_user_is_seen_at_once(caller: Caller, slow: Readymade) -> None:
    slow.org.settings.propagation_delay = timedelta()
    slow.app.change(policy="self-authorize")
    slow.org.settings.propagation_delay = timedelta(seconds=DELAY)
    slow.app.replace_certificate(keys.key_pair("another").certificate)
    slow.org.approve(slow.user, slow.app)

    assert caller.log_in().status_code == 200
