"""Refresh tokens that change with each use, and uses at the same time (behaviours 49 and 50)."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest

from fakeorg import FakeSalesforce, Readymade, faults
from fakeorg.caller import Caller, refusal

EXPIRED = (400, "invalid_grant", "expired access/refresh token")
ALREADY_PROCESSED = (400, "invalid_grant", "token request is already being processed")


@pytest.fixture
def refresh_token(acme: Readymade) -> str:
    acme.app.change(consumer_secret="s3cret of the app", refresh_token_rotation=True)
    return acme.org.approve(acme.user, acme.app)


def wait_until(fact: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not fact():
        assert time.monotonic() < end, "waited for 10 s"
        time.sleep(0.005)


def test_each_use_gives_a_new_refresh_token(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    tokens = [refresh_token]
    for _ in range(3):
        tokens.append(caller.refresh(tokens[-1]).json()["refresh_token"])

    assert len(set(tokens)) == 4
    assert [approval.refresh_token for approval in acme.org.refresh_tokens] == [tokens[-1]]


def test_second_use_of_an_old_refresh_token_ends_the_whole_family(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    by_jwt = caller.token()
    other_family = acme.org.approve(acme.user, acme.app)
    content = caller.refresh(refresh_token).json()
    assert caller.limits(content["access_token"]).status_code == 200

    assert refusal(caller.refresh(refresh_token)) == EXPIRED
    assert refusal(caller.refresh(content["refresh_token"])) == EXPIRED
    assert caller.limits(content["access_token"]).status_code == 401
    assert caller.limits(by_jwt).status_code == 200
    assert caller.refresh(other_family).status_code == 200


def test_refused_refresh_leaves_the_refresh_token_as_it_was(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    caller.refresh(refresh_token, client_secret="wrong")
    acme.user.frozen = True
    caller.refresh(refresh_token)
    acme.user.frozen = False
    acme.org.fail("token", faults.UNAVAILABLE)
    caller.refresh(refresh_token)

    assert caller.refresh(refresh_token).status_code == 200


def test_rotation_can_be_switched_on_and_off(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    second = caller.refresh(refresh_token).json()["refresh_token"]
    acme.app.change(refresh_token_rotation=False)

    assert "refresh_token" not in caller.refresh(second).json()
    assert caller.refresh(second).status_code == 200
    assert refusal(caller.refresh(refresh_token)) == EXPIRED


@pytest.mark.parametrize("rotation", [False, True], ids=["without rotation", "with rotation"])
def test_one_of_two_parallel_refreshes_is_refused(
    caller: Caller, acme: Readymade, refresh_token: str, rotation: bool
) -> None:
    acme.app.change(refresh_token_rotation=rotation)
    hang = faults.Hang()
    acme.org.fail("token", hang, times=2)
    with ThreadPoolExecutor() as pool:
        tries = [pool.submit(caller.refresh, refresh_token) for _ in range(2)]
        wait_until(lambda: acme.org.calls["token"] == 2)
        hang.release()

    answers = [one.result() for one in tries]
    good, refused = sorted(answers, key=lambda answer: answer.status_code)
    assert good.status_code == 200
    assert refusal(refused) == ALREADY_PROCESSED
    assert caller.limits(good.json()["access_token"]).status_code == 200
    newest = good.json()["refresh_token"] if rotation else refresh_token
    assert caller.refresh(newest).status_code == 200


def test_refresh_that_hangs_is_being_processed(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    hang = faults.Hang()
    acme.org.fail("token", hang)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(caller.refresh, refresh_token)
        wait_until(lambda: acme.org.calls["token"] == 1)

        assert refusal(caller.refresh(refresh_token)) == ALREADY_PROCESSED
        hang.release()
        assert first.result().status_code == 200
    assert [row.status for row in acme.org.logins] == [
        "token request is already being processed",
        "Success",
    ]


def test_refresh_takes_as_long_as_the_org_says(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    acme.org.settings.refresh_takes = timedelta(seconds=0.3)
    start = time.monotonic()
    caller.refresh(refresh_token)

    assert time.monotonic() - start >= 0.3


def test_refreshes_of_different_tokens_may_be_parallel(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    other = acme.org.approve(acme.user, acme.app)
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(caller.refresh, [refresh_token, other]))

    assert [answer.status_code for answer in answers] == [200, 200]


def test_late_answer_has_rotated_the_refresh_token_already(
    fake: FakeSalesforce, acme: Readymade, caller: Caller, refresh_token: str
) -> None:
    acme.org.fail("token", faults.Hang(after_the_work=True))
    with Caller(fake, acme) as dying:
        dying.http.timeout = httpx.Timeout(10, read=0.5)
        with pytest.raises(httpx.ReadTimeout):
            dying.refresh(refresh_token)

    wait_until(lambda: acme.org.successful_logins == 1)
    (approval,) = acme.org.refresh_tokens
    assert approval.refresh_token != refresh_token
    assert refusal(caller.refresh(refresh_token)) == EXPIRED
    assert acme.org.refresh_tokens == []


def test_lost_answer_has_rotated_the_refresh_token_already(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    acme.org.fail("token", faults.ANSWER_LOST)
    with pytest.raises(httpx.TransportError):
        caller.refresh(refresh_token)

    assert acme.org.successful_logins == 1
    assert refusal(caller.refresh(refresh_token)) == EXPIRED


def test_connection_that_is_reset_has_not_rotated_the_refresh_token(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    acme.org.fail("token", faults.RESET)
    with pytest.raises(httpx.TransportError):
        caller.refresh(refresh_token)

    assert acme.org.successful_logins == 0
    assert caller.refresh(refresh_token).status_code == 200


def test_spoiled_answer_has_rotated_the_refresh_token_already(
    caller: Caller, acme: Readymade, refresh_token: str
) -> None:
    acme.org.fail("token", faults.TRUNCATED)
    caller.refresh(refresh_token)

    assert refusal(caller.refresh(refresh_token)) == EXPIRED
