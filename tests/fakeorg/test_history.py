"""Login History and the other counts (behaviour 56)."""

from fakeorg import FakeSalesforce, Readymade, faults
from fakeorg.caller import GRANT_TYPE, Caller


def test_each_login_writes_a_row(caller: Caller, acme: Readymade, fake: FakeSalesforce) -> None:
    fake.clock.freeze()
    caller.log_in()
    (row,) = acme.org.logins

    assert (row.username, row.app, row.ip) == (acme.user.username, "integration", "127.0.0.1")
    assert (row.status, row.error, row.succeeded) == ("Success", None, True)
    assert row.host == acme.org.login_url.removeprefix("https://")
    assert row.grant == GRANT_TYPE
    assert row.org == "acme"
    assert abs((row.time - fake.clock.now()).total_seconds()) < 0.001


def test_failed_login_writes_why(caller: Caller, acme: Readymade) -> None:
    caller.log_in(aud="nowhere")
    caller.log_in(sub="nobody@acme.example")

    assert [row.status for row in acme.org.logins] == [
        "audience is invalid",
        "user hasn't approved this consumer",
    ]
    assert [row.username for row in acme.org.logins] == [acme.user.username, "nobody@acme.example"]
    assert acme.org.successful_logins == 0


def test_login_that_no_org_knows_is_in_the_history_of_all(
    fake: FakeSalesforce, acme: Readymade
) -> None:
    with Caller(fake, acme, by_proxy=True) as caller:
        caller.present(caller.assertion(iss="unknown"), acme.org.login_host_url)
        caller.log_in()

    assert [(row.org, row.status) for row in fake.logins] == [
        (None, "client identifier invalid"),
        ("acme", "Success"),
    ]
    assert len(acme.org.logins) == 1


def test_get_is_no_login(caller: Caller, acme: Readymade) -> None:
    caller.get("/services/oauth2/token")

    assert acme.org.logins == []


def test_history_holds_no_token(caller: Caller, acme: Readymade) -> None:
    token = caller.token()

    assert token not in repr(acme.org.logins)
    assert token.rpartition("!")[2] not in repr(acme.org.logins)


def test_calls_are_counted_by_endpoint_even_if_they_fail(caller: Caller, acme: Readymade) -> None:
    token = caller.token()
    caller.limits(token)
    acme.org.fail("rest", faults.UNAVAILABLE)
    caller.limits(token)
    caller.userinfo(token)
    caller.revoke(token)

    assert acme.org.calls == {"token": 1, "rest": 2, "userinfo": 1, "revoke": 1}
