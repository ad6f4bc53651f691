"""Faults on demand, outages and the moved clock (behaviour 27)."""

import threading
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import httpx
import pytest

from fakeorg import FakeSalesforce, Readymade, faults, readymade_org
from fakeorg.caller import GRANT_TYPE, Caller, refusal
from fakeorg.model.faults import Fault

# Patient while it connects, so that a busy machine does not look like a silent server.
IMPATIENT = httpx.Timeout(10, read=0.1)


def wait_until(condition: Callable[[], bool]) -> None:
    """Return as soon as the condition holds, or fail after ten seconds."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        pytest.param(faults.RETRY, 400, id="retry your request"),
        pytest.param(faults.UNAVAILABLE, 503, id="maintenance"),
        pytest.param(faults.SERVER_ERROR, 500, id="server error"),
        pytest.param(faults.too_many_requests(), 429, id="too many requests"),
        pytest.param(faults.redirect(), 302, id="redirect"),
        pytest.param(faults.respond(418, "tea", {"X-Pot": "yes"}), 418, id="anything"),
    ],
)
def test_fault_hits_the_next_calls_and_no_more(
    caller: Caller, acme: Readymade, fault: Fault, status: int
) -> None:
    acme.org.fail("token", fault, times=2)

    assert [caller.log_in().status_code for _ in range(3)] == [status, status, 200]
    assert acme.org.successful_logins == 1
    assert acme.org.calls["token"] == 3


def test_transient_refusal_has_salesforces_words(caller: Caller, acme: Readymade) -> None:
    acme.org.fail("token", faults.RETRY)

    assert refusal(caller.log_in()) == (400, "unknown_error", "retry your request")


def test_maintenance_page_is_html(caller: Caller, acme: Readymade) -> None:
    acme.org.fail("token", faults.UNAVAILABLE)
    answer = caller.log_in()

    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<html>" in answer.text


def test_redirect_and_wait_are_told_in_headers(caller: Caller, acme: Readymade) -> None:
    acme.org.fail("token", faults.redirect("https://evil.example/x"))
    acme.org.fail("token", faults.too_many_requests())

    assert caller.log_in().headers["Location"] == "https://evil.example/x"
    assert caller.log_in().headers["Retry-After"] == "7"


def test_connection_is_reset(caller: Caller, acme: Readymade) -> None:
    acme.org.fail("token", faults.RESET)

    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        caller.log_in()
    assert caller.log_in().status_code == 200


def test_connection_is_reset_through_the_proxy_too(fake: FakeSalesforce, acme: Readymade) -> None:
    acme.org.fail("token", faults.RESET)

    with Caller(fake, acme, by_proxy=True) as caller:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            caller.log_in()
        assert caller.log_in().status_code == 200


def test_truncated_answer_is_no_json(caller: Caller, acme: Readymade) -> None:
    acme.org.fail("token", faults.TRUNCATED)
    answer = caller.log_in()

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()


def test_answer_lacks_the_instance_url(caller: Caller, acme: Readymade) -> None:
    acme.org.fail("token", faults.WITHOUT_INSTANCE_URL)
    answer = caller.log_in().json()

    assert "instance_url" not in answer
    assert "access_token" in answer


def test_huge_answer_is_more_than_a_mebibyte(caller: Caller, acme: Readymade) -> None:
    acme.org.fail("token", faults.HUGE)

    assert len(caller.log_in().content) > 1 << 20


def test_silent_call_is_answered_once_it_is_released(caller: Caller, acme: Readymade) -> None:
    hang = faults.Hang()
    acme.org.fail("token", hang)
    with pytest.raises(httpx.ReadTimeout):
        caller.http.post(f"{caller.base}/services/oauth2/token", timeout=IMPATIENT)
    answers: list[int] = []
    acme.org.fail("token", hang)
    waiting = threading.Thread(target=lambda: answers.append(caller.log_in().status_code))
    waiting.start()
    wait_until(lambda: acme.org.calls["token"] == 2)

    assert acme.org.logins == []
    hang.release()
    waiting.join(timeout=10)
    assert answers == [200]


def test_silence_may_come_after_the_token_was_issued(caller: Caller, acme: Readymade) -> None:
    acme.org.fail("token", faults.Hang(after_the_work=True))

    with pytest.raises(httpx.ReadTimeout):
        caller.http.post(
            f"{caller.base}/services/oauth2/token",
            data={"grant_type": GRANT_TYPE, "assertion": caller.assertion()},
            timeout=IMPATIENT,
        )

    wait_until(lambda: acme.org.successful_logins == 1)


def test_silence_may_last_a_fixed_time(caller: Caller, acme: Readymade) -> None:
    acme.org.fail("token", faults.Hang(seconds=0.01))

    assert caller.log_in().status_code == 200


@pytest.mark.parametrize("endpoint", ["rest", "userinfo", "revoke", "introspect", "identity"])
def test_fault_is_for_one_endpoint(caller: Caller, acme: Readymade, endpoint: str) -> None:
    acme.org.fail(endpoint, faults.UNAVAILABLE, times=None)
    token = caller.token()
    answers = {
        "rest": caller.limits(token),
        "userinfo": caller.userinfo(token),
        "identity": caller.get(f"/id/{acme.org.org_id}/{acme.user.user_id}", token),
        "introspect": caller.http.post(f"{caller.base}/services/oauth2/introspect"),
        "revoke": caller.revoke(token),
    }

    assert {name for name, answer in answers.items() if answer.status_code == 503} == {endpoint}


def test_fault_without_a_number_lasts_until_it_is_cleared(caller: Caller, acme: Readymade) -> None:
    acme.org.fail("token", faults.UNAVAILABLE, times=None)
    statuses = [caller.log_in().status_code for _ in range(5)]
    acme.org.clear_faults()

    assert statuses == [503] * 5
    assert caller.log_in().status_code == 200


def test_fault_may_be_for_one_host(fake: FakeSalesforce, acme: Readymade) -> None:
    fake.fail("token", faults.UNAVAILABLE, times=None, host="login.salesforce.com")

    with Caller(fake, acme, by_proxy=True) as caller:
        at_login_host = caller.present(caller.assertion(), acme.org.login_host_url)

        assert at_login_host.status_code == 503
        assert caller.log_in().status_code == 200


def test_outage_takes_everything_of_one_org(
    fake: FakeSalesforce, caller: Caller, acme: Readymade
) -> None:
    globex = readymade_org(fake, "globex")
    token = caller.token()
    acme.org.outage()

    with Caller(fake, globex) as other:
        assert other.log_in().status_code == 200
    assert caller.log_in().status_code == 503
    assert caller.limits(token).status_code == 503
    assert caller.get("/services/data/").status_code == 503
    acme.org.outage(on=False)
    assert caller.limits(token).status_code == 200


def test_outage_may_reset_connections(caller: Caller, acme: Readymade) -> None:
    acme.org.outage(fault=faults.RESET)

    for _ in range(2):
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            caller.log_in()


def test_outage_of_all_ends_when_all_faults_are_cleared(
    fake: FakeSalesforce, caller: Caller
) -> None:
    fake.outage()
    before = caller.log_in().status_code
    fake.clear_faults()

    assert (before, caller.log_in().status_code) == (503, 200)


def test_date_of_an_answer_is_the_orgs_clock(caller: Caller, fake: FakeSalesforce) -> None:
    fake.clock.advance(3600)
    fake.clock.freeze(fake.clock.now().replace(microsecond=0))

    answer = caller.get("/services/data/")

    assert parsedate_to_datetime(answer.headers["Date"]) == fake.clock.now()
