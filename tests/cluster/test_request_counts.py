"""What a connection costs the API server and Salesforce; these numbers must not grow."""

import time

import pytest

from support.stage import Stage
from support.waiting import eventually

pytestmark = pytest.mark.cluster

_FIRST_TOKEN = {
    "get secrets": 1,  # the key
    "create secrets": 1,  # the target
    "patch salesforceconnections/status": 1,
    "create events": 1,
}
# Long enough for an echo of our own writes to cause another pass.
_ECHO = 1.5


def test_first_token_of_a_lone_connection_costs_four_requests_and_one_login(stage: Stage) -> None:
    stage.requests.forget()

    stage.connect()
    stage.settled()
    time.sleep(_ECHO)

    assert stage.requests.counts() == _FIRST_TOKEN
    assert stage.ready.org.calls["token"] == 1
    assert [one.code for one in stage.requests.all() if one.code >= 300] == []


def test_first_tokens_of_connections_that_come_together_cost_four_requests_each(
    stage: Stage,
) -> None:
    names = [f"crm{number}" for number in range(8)]
    stage.requests.forget()

    for name in names:
        stage.connect(name)
    for name in names:
        stage.settled(name)
    time.sleep(_ECHO)

    assert stage.requests.counts() == {kind: 8 * each for kind, each in _FIRST_TOKEN.items()}
    assert stage.ready.org.calls["token"] == 8


def test_renewal_with_the_same_token_writes_the_status_and_targets_that_show_the_expiry(
    stage: Stage,
) -> None:
    targets = [
        {"secretName": "crm-token"},
        {"secretName": "shows-nothing", "data": {"token": "${access_token}"}},
        {"secretName": "shows-it", "data": {"until": "${expires_at}"}},
    ]
    stage.connect(changes={"spec.targets": targets})
    shown = _settled_for_a_second(stage)
    stage.requests.forget()

    stage.ask_to_renew("once")
    eventually(lambda: stage.status().get("lastHandledRenewRequest") == "once")
    eventually(lambda: stage.entries()["expires_at"] != shown)
    time.sleep(_ECHO)

    assert stage.ready.org.calls["token"] == 2
    assert stage.requests.counts() == {
        "patch secrets": 2,
        "patch salesforceconnections/status": 1,
    }
    written = {one.name for one in stage.requests.writes() if one.resource == "secrets"}
    assert written == {"crm-token", "shows-it"}
    assert stage.entries("shows-it")["until"] == stage.entries()["expires_at"]


def test_verification_and_idling_write_nothing(stage: Stage) -> None:
    stage.connect(changes={"spec.token": {"verifyInterval": "5s"}})
    stage.settled()
    time.sleep(_ECHO)
    stage.requests.forget()
    verified = stage.ready.org.calls["rest"]

    eventually(lambda: stage.ready.org.calls["rest"] >= verified + 3, timeout=25)

    assert stage.requests.all() == []
    assert stage.ready.org.calls["token"] == 1


def test_change_of_the_key_secret_costs_one_read_one_login_and_one_write(stage: Stage) -> None:
    stage.connect()
    _settled_for_a_second(stage)
    stage.requests.forget()

    # The same key in another form.
    stage.set_entries("crm-key", {"tls.key": stage.ready.keys.private_key.replace("\n", "\\n")})
    source = eventually(lambda: stage.secret("crm-key"))
    assert source is not None
    version = source["metadata"]["resourceVersion"]
    eventually(lambda: stage.status()["auth"]["sourceVersions"] == {"crm-key": version})
    time.sleep(_ECHO)

    counts = stage.requests.counts()
    assert counts["get secrets"] == 1
    assert counts["patch salesforceconnections/status"] == 1
    assert stage.ready.org.calls["token"] <= 2


def test_failing_connection_writes_when_it_fails_and_not_for_each_retry(stage: Stage) -> None:
    stage.ready.org.outage(True)
    stage.connect()
    eventually(lambda: stage.ready.org.calls["token"] >= 3, timeout=30)
    time.sleep(_ECHO)

    counts = stage.requests.counts()
    assert counts["create events"] == 1
    # At the counts 1, 2 and 4.
    assert counts["patch salesforceconnections/status"] <= 3
    assert counts.get("create secrets", 0) == 0


def test_deletion_costs_no_write(stage: Stage) -> None:
    stage.connect()
    stage.settled()
    time.sleep(_ECHO)
    stage.requests.forget()

    stage.disconnect()
    eventually(lambda: stage.secret() is None)
    time.sleep(_ECHO)

    assert stage.requests.writes() == []


def _settled_for_a_second(stage: Stage) -> str:
    """Wait until the connection is Ready, its own echoes are over and the second is another."""
    stage.settled()
    time.sleep(_ECHO)
    return stage.entries()["expires_at"]
