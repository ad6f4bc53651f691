"""The life of a token: renewed, verified, replaced when it dies, kept in an outage."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from fakeorg import OrgSettings
from support.operator_process import OperatorProcess
from support.stage import FINGERPRINT, GROUP, Stage
from support.waiting import always, eventually

pytestmark = pytest.mark.cluster

# The shortest that the API takes.
_EVERY_FIVE_SECONDS = {"spec.token": {"verifyInterval": "5s"}}
_ONE_MINUTE = {"spec.token": {"lifetime": "1m", "verifyInterval": "5s"}}
# The share of a lifetime that an outage may take.
_OUTAGE = timedelta(minutes=1) * 0.4


def test_killed_session_is_noticed_by_verification_and_replaced(stage: Stage) -> None:
    stage.connect(changes=_EVERY_FIVE_SECONDS)
    old = stage.settled()

    stage.ready.org.kill_sessions()
    new = eventually(lambda: stage.token() not in ("", old) and stage.token(), timeout=15)

    assert stage.ready.org.is_live(str(new))
    assert stage.settled() == new
    eventually(lambda: stage.reasons() == ["TokenMinted", "TokenDied", "TokenRenewed"])
    assert stage.ready.org.successful_logins == 2
    assert stage.status()["token"]["fingerprint"] == _annotation(stage, FINGERPRINT)


def test_renew_annotation_makes_a_login_and_the_same_token_is_no_rotation(stage: Stage) -> None:
    stage.connect()
    token, before, shown = stage.settled(), stage.status(), stage.entries()["expires_at"]
    _until_the_next_second()

    stage.ask_to_renew("first")
    eventually(lambda: stage.status().get("lastHandledRenewRequest") == "first")
    eventually(lambda: stage.entries()["expires_at"] > shown)

    after = stage.status()
    assert stage.token() == token
    assert stage.ready.org.successful_logins == 2
    assert after["token"]["renewalTime"] > before["token"]["renewalTime"]
    assert after["token"]["issuedAt"] == before["token"]["issuedAt"]
    assert _annotation(stage, f"{GROUP}/expires-at") == stage.entries()["expires_at"]
    eventually(lambda: stage.reasons() == ["TokenMinted"])


def test_renewal_is_made_at_the_instant_that_the_status_tells(stage: Stage) -> None:
    renewing = {"spec.token": {"lifetime": "1m", "renewAtPercent": 20, "verifyInterval": "5s"}}
    stage.connect(changes=renewing)
    stage.settled()
    told = datetime.fromisoformat(stage.status()["token"]["renewalTime"])

    eventually(lambda: stage.ready.org.successful_logins == 2, timeout=20)

    assert abs(stage.ready.org.logins[-1].time - told) < timedelta(seconds=3)


def test_session_that_only_verification_keeps_alive_stays_alive(stage: Stage) -> None:
    stage.ready.org.settings.session_timeout = timedelta(seconds=12)
    stage.connect(changes=_EVERY_FIVE_SECONDS)
    token = stage.settled()

    always(lambda: stage.ready.org.is_live(token), seconds=18)
    assert stage.token() == token
    assert stage.ready.org.successful_logins == 1


def test_outage_of_forty_percent_of_the_life_reaches_no_workload(
    stage: Stage, operator: OperatorProcess
) -> None:
    org = stage.ready.org
    org.settings = OrgSettings(session_timeout=timedelta(minutes=1))
    stage.connect(changes=_ONE_MINUTE)
    token = stage.settled()
    # The worst moment: a moment before the renewal.
    due = datetime.fromisoformat(stage.status()["token"]["renewalTime"])
    _watch_until(due - timedelta(seconds=2), stage)

    org.outage(True)
    ends = _now() + _OUTAGE
    failing = eventually(stage.failure, timeout=15)
    assert failing["class"] == "Transient"
    assert failing["reason"] == "SalesforceUnavailable"
    assert datetime.fromisoformat(failing["tokenSafeUntil"]) >= ends
    assert stage.conditions() == {
        "Ready": "True TokenCurrent",
        "TokenValid": "True Verified",
        "CredentialsValid": "True CredentialsAccepted",
        "TargetsSynced": "True Synced",
        "Reconciling": "True SalesforceUnavailable",
    }
    eventually(lambda: "SalesforceUnavailable" in stage.reasons())
    _watch_until(ends, stage)
    assert stage.token() == token
    org.outage(False)

    assert org.is_live(stage.token())
    eventually(lambda: not stage.failure() and "Reconciling" not in stage.conditions(), timeout=15)
    assert org.is_live(stage.settled())
    warnings = [one for one in stage.events() if one["type"] == "Warning"]
    assert [one["reason"] for one in warnings] == ["SalesforceUnavailable"]
    assert operator.get("/livez").status_code == 200


def test_suspended_connection_neither_logs_in_nor_writes(stage: Stage) -> None:
    org = stage.ready.org
    stage.connect(changes=_EVERY_FIVE_SECONDS)
    token = stage.settled()

    stage.change({"spec": {"suspend": True}})
    eventually(lambda: stage.status()["observedGeneration"] == 2)
    assert stage.condition("Ready") == "True TokenCurrent"
    stage.requests.forget()
    calls = org.calls.total()
    stage.delete_secret("crm-token")
    stage.ask_to_renew("while suspended")
    always(lambda: stage.secret() is None, seconds=7)

    assert org.successful_logins == 1
    assert org.calls.total() == calls
    assert stage.requests.writes() == []

    stage.change({"spec": {"suspend": False}})
    eventually(lambda: stage.status().get("lastHandledRenewRequest") == "while suspended")
    eventually(lambda: stage.token() == token)
    assert org.successful_logins == 2


def test_unsuspended_connection_verifies_before_anything_else(stage: Stage) -> None:
    org = stage.ready.org
    stage.connect()
    stage.settled()
    stage.change({"spec": {"suspend": True}})
    eventually(lambda: stage.status()["observedGeneration"] == 2)
    org.kill_sessions()
    verifications = org.calls["rest"]

    stage.change({"spec": {"suspend": False}})

    eventually(lambda: org.is_live(stage.token()))
    assert org.calls["rest"] > verifications
    eventually(lambda: stage.reasons()[-2:] == ["TokenDied", "TokenRenewed"])


def test_connection_that_is_born_suspended_waits(stage: Stage) -> None:
    stage.connect(changes={"spec.suspend": True})
    eventually(lambda: stage.condition("Ready") == "False Suspended")
    assert stage.ready.org.calls.total() == 0

    stage.change({"spec": {"suspend": False}})

    assert stage.ready.org.is_live(stage.settled())


def test_another_user_gets_one_login_and_another_token(stage: Stage) -> None:
    org = stage.ready.org
    other = org.add_user("other@acme.example")
    stage.ready.app.change(assigned=[stage.ready.user.username, other.username])
    stage.connect()
    old = stage.settled()

    stage.change({"spec": {"auth": {"jwtBearer": {"username": other.username}}}})
    eventually(
        lambda: (stage.status()["observedGeneration"] == 2 and stage.token() != old) or stage.fail()
    )

    session = org.session_of(stage.settled())
    assert session is not None
    assert session.username == other.username
    assert org.successful_logins == 2
    assert stage.entries()["username"] == other.username


def _watch_until(instant: datetime, stage: Stage) -> None:
    """Wait, and fail as soon as the target holds a dead token."""
    while _now() < instant:
        assert stage.ready.org.is_live(stage.token()), "The target holds a dead token."
        time.sleep(0.5)


def _annotation(stage: Stage, name: str) -> str:
    target = stage.secret()
    assert target is not None
    value: str = target["metadata"]["annotations"][name]
    return value


def _until_the_next_second() -> None:
    time.sleep(1.1)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the operator lives in real time
