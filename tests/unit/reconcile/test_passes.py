"""Whole passes: what is asked of the API server and of Salesforce, and what comes out."""

import logging

import pytest

from fakeorg import keys
from support.connected import running
from support.parts import Parts, connection_path, key_of, secret_path
from token_operator.domain import lifecycle
from token_operator.domain.failures import KeyInvalidError
from token_operator.reconcile.call_admission import CallAdmission, NoPlace


async def test_first_token_costs_four_requests(parts: Parts) -> None:
    parts.give_key()
    parts.connect()
    parts.watch()

    await parts.run_passes()

    assert parts.server.asked() == [
        "GET secrets",
        "POST secrets",
        "PATCH status",
        "POST events",
    ]
    assert parts.condition() == "True TokenCurrent"
    assert parts.ready.org.is_live(parts.token())
    assert parts.server.posted_events() == ["TokenMinted"]
    assert parts.logins() == 1


async def test_echoes_of_our_own_writes_cost_nothing(parts: Parts) -> None:
    await running(parts)

    await parts.settle()

    assert parts.server.asked() == []


async def test_idle_hour_costs_no_request_but_the_renewal(parts: Parts) -> None:
    token = await running(parts)

    for _ in range(8):
        parts.advance(minutes=5)
        await parts.settle()

    assert parts.logins() == 2
    assert parts.token() == token
    assert parts.server.count() == {"PATCH secrets": 1, "PATCH status": 1}


async def test_pass_is_planned_for_the_next_thing_that_is_due(parts: Parts) -> None:
    await running(parts)

    due = parts.due_in()

    assert due is not None
    assert 0 < due <= 300


async def test_change_of_the_user_makes_a_login_at_once(parts: Parts) -> None:
    other = parts.ready.org.add_user("other@acme.example")
    parts.ready.app.assign(other.username)
    before = await running(parts)

    parts.change({"spec": {"auth": {"jwtBearer": {"username": other.username}}}})
    await parts.settle()

    assert parts.token() != before
    assert parts.ready.org.logins[-1].username == other.username


async def test_renew_request_makes_one_login(parts: Parts) -> None:
    await running(parts)
    parts.advance(minutes=1)

    parts.ask_to_renew("7")
    await parts.settle()

    assert parts.logins() == 2
    assert parts.status()["lastHandledRenewRequest"] == "7"


async def test_spec_that_changes_during_a_login_is_served_after_it(parts: Parts) -> None:
    other = parts.ready.org.add_user("other@acme.example")
    parts.ready.app.assign(other.username)
    parts.give_key()
    parts.connect()
    parts.watch()

    def change() -> None:
        parts.change({"spec": {"auth": {"jwtBearer": {"username": other.username}}}})
        parts.watch()

    parts.server.meanwhile(change, method="GET", part="crm-key")
    await parts.settle()

    session = parts.ready.org.session_of(parts.token())
    assert session is not None
    assert session.username == other.username
    assert parts.condition() == "True TokenCurrent"


async def test_renew_request_that_comes_during_a_login_is_not_lost(parts: Parts) -> None:
    await running(parts)
    parts.advance(minutes=1)
    parts.ask_to_renew("1")
    parts.watch()

    async with parts.during_a_login():
        parts.ask_to_renew("2")
        parts.watch()
    await parts.settle()

    assert parts.logins() == 3
    assert parts.status()["lastHandledRenewRequest"] == "2"


async def test_token_of_a_spec_that_changed_during_the_login_is_not_published(
    parts: Parts,
) -> None:
    other = parts.ready.org.add_user("other@acme.example")
    parts.ready.app.assign(other.username)
    parts.give_key()
    parts.connect()
    parts.watch()

    async with parts.during_a_login():
        parts.change({"spec": {"auth": {"jwtBearer": {"username": other.username}}}})
        parts.watch()

    await parts.settle()
    session = parts.ready.org.session_of(parts.token())
    assert session is not None
    assert session.username == other.username
    assert parts.server.count()["POST secrets"] == 1
    assert parts.server.count()["PATCH secrets"] == 0


async def test_api_server_that_fails_is_tried_again_with_growing_pauses(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    parts.give_key()
    parts.connect()
    parts.server.fail(503, times=7)
    pauses = []

    with caplog.at_level(logging.WARNING):
        for _ in range(7):
            parts.watch()
            await parts.run_passes()
            pauses.append(parts.due_in() or 0.0)
            parts.advance(seconds=pauses[-1])
    await parts.settle()

    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert "The API server failed" in caplog.text
    assert parts.condition() == "True TokenCurrent"
    assert parts.logins() == 1
    assert parts.record().pacing.fail() == 0


async def test_changed_key_that_could_not_be_read_is_read_later(parts: Parts) -> None:
    await running(parts)
    parts.advance(minutes=1)
    parts.change_secret("crm-key", {"data": {"note": "eA=="}})
    parts.server.fail(503, method="GET", part="crm-key")

    parts.watch()
    await parts.run_passes()
    assert parts.record().known_sources.is_stale

    parts.advance(seconds=1)
    await parts.run_passes()
    stored = parts.server.objects[secret_path("crm-key")]
    sources = parts.record().sources
    assert sources is not None
    assert sources.versions == {"crm-key": stored["metadata"]["resourceVersion"]}


async def test_exception_in_a_pass_is_logged_and_tried_again(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    parts.give_key()
    parts.connect()
    parts.server.fail(201, method="POST", part="secrets", body=b"{}")

    with caplog.at_level(logging.ERROR):
        parts.watch()
        await parts.run_passes()

    assert "Reconcile failed." in caplog.text
    assert parts.due_in() == 1
    assert parts.ready.app.consumer_key not in caplog.text
    parts.advance(seconds=1)
    await parts.settle()
    assert parts.condition() == "True TokenCurrent"


async def test_pass_that_does_not_converge_is_ended(
    parts: Parts, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts.give_key()
    parts.connect()
    monkeypatch.setattr(lifecycle, "MAX_STEPS", 2)

    with caplog.at_level(logging.WARNING):
        parts.watch()
        await parts.run_passes()

    assert "did not converge after 2 steps" in caplog.text
    assert parts.due_in() == 15


async def test_missing_source_is_looked_for_every_30_seconds(parts: Parts) -> None:
    parts.connect()
    await parts.settle()

    assert parts.condition("Stalled") == "True SourceSecretMissing"
    assert parts.due_in() == 30
    assert parts.logins() == 0

    parts.give_key(labelled=False)
    parts.advance(seconds=30)
    await parts.settle()
    assert parts.condition() == "True TokenCurrent"


async def test_refused_spec_makes_no_request_but_its_status(parts: Parts) -> None:
    parts.connect(spec={"org": {"loginURL": "https://evil.example"}})

    await parts.settle()

    assert parts.server.asked() == ["PATCH status", "POST events"]
    assert parts.condition("Stalled") == "True HostNotAllowed"


async def test_connection_that_is_gone_has_no_pass(parts: Parts) -> None:
    parts.operator.queue.add(key_of())

    await parts.run_passes()

    assert parts.server.asked() == []


async def test_connection_that_went_unseen_is_forgotten_at_its_next_status(parts: Parts) -> None:
    parts.give_key()
    parts.connect()
    parts.watch()
    del parts.server.objects[connection_path()]

    await parts.run_passes()

    assert parts.operator.records.get(key_of()) is None


async def test_connection_that_was_made_anew_during_a_pass_stays(parts: Parts) -> None:
    parts.give_key()
    parts.connect()
    parts.watch()

    def make_anew() -> None:
        del parts.server.objects[connection_path()]
        parts.connect()
        parts.watch()

    parts.server.meanwhile(make_anew, method="PATCH", part="status")
    await parts.settle()

    assert parts.operator.records.get(key_of()) is not None
    assert parts.condition() == "True TokenCurrent"


async def test_suspended_connection_rests(parts: Parts) -> None:
    token = await running(parts)

    parts.change({"spec": {"suspend": True}})
    await parts.settle()
    parts.advance(minutes=50)
    await parts.settle()

    assert parts.logins() == 1
    assert parts.token() == token

    parts.advance(minutes=20)
    await parts.settle()
    assert parts.condition() == "False Suspended"
    assert parts.due_in() is None


async def test_killed_session_is_replaced_when_it_is_seen(parts: Parts) -> None:
    token = await running(parts)
    parts.ready.org.kill_sessions()

    parts.advance(minutes=5)
    await parts.settle()

    assert parts.token() != token
    assert parts.ready.org.is_live(parts.token())
    assert parts.server.posted_events() == ["TokenMinted", "TokenDied", "TokenRenewed"]
    assert parts.record().account.dead_seconds(parts.clock.now()) == 0


async def test_outage_keeps_the_token_and_its_end_brings_a_login(parts: Parts) -> None:
    token = await running(parts)
    parts.ready.org.outage(on=True)

    parts.ask_to_renew("1")
    await parts.settle()
    assert parts.condition() == "True TokenCurrent"
    assert parts.condition("Reconciling") == "True SalesforceUnavailable"
    assert parts.status()["failure"]["count"] == 1

    parts.ready.org.outage(on=False)
    parts.advance(seconds=10)
    await parts.settle()
    assert "failure" not in parts.status()
    assert parts.token() == token


async def test_changed_key_is_proven_by_one_login(parts: Parts) -> None:
    await running(parts)
    other = keys.key_pair("other")
    parts.ready.app.change(certificates=(parts.ready.keys.certificate, other.certificate))
    parts.advance(minutes=1)

    parts.give_key(pem=other.private_key)
    await parts.settle()

    assert parts.logins() == 2
    assert parts.status()["auth"]["keyFingerprint"].startswith("SHA256:")


async def test_wrong_key_names_secret_and_entry_and_no_content(parts: Parts) -> None:
    parts.give_key(pem="-----BEGIN NONSENSE-----\nMARKEDsecret\n-----END NONSENSE-----\n")
    parts.connect()

    await parts.settle()

    assert parts.condition("Stalled") == f"True {KeyInvalidError.reason}"
    assert "crm-key" in parts.message()
    assert "MARKEDsecret" not in str(parts.server.objects[connection_path()])


async def test_api_version_of_the_spec_reaches_the_target(parts: Parts) -> None:
    await running(parts)
    assert parts.entries()["api_version"] == "66.0"

    parts.change({"spec": {"org": {"apiVersion": "60.0"}}})
    await parts.settle()
    assert parts.entries()["api_version"] == "60.0"

    parts.change({"spec": {"org": {"apiVersion": None}}})
    await parts.settle()
    assert parts.entries()["api_version"] == "66.0"
    assert parts.logins() == 1


async def test_nothing_is_asked_where_a_pass_has_nothing_to_do(parts: Parts) -> None:
    await running(parts)

    parts.operator.queue.add(key_of())
    await parts.run_passes()

    assert parts.server.asked() == []


async def test_pass_is_counted_and_timed(parts: Parts) -> None:
    await running(parts)

    page = parts.operator.metrics.page().decode()

    assert 'salesforce_token_pass_duration_seconds_count{result="success"} ' in page


async def test_long_wait_for_a_place_is_over_with_the_login(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"login": False, "verification": False}
    monkeypatch.setattr(
        CallAdmission, "admit_login", lambda *_: None if places["login"] else NoPlace()
    )
    monkeypatch.setattr(
        CallAdmission,
        "admit_verification",
        lambda *_: None if places["verification"] else NoPlace(),
    )
    parts.give_key()
    parts.connect()
    await parts.settle()
    parts.advance(seconds=16)
    await parts.settle()
    assert parts.condition() == "False TokenPending"
    parts.server.requests.clear()

    for place in places:
        places[place] = True
        parts.advance(seconds=15)
        await parts.settle()

    assert parts.server.count() == {
        "POST secrets": 1,
        "PATCH status": 1,
        "POST events": 1,
    }


async def test_connection_that_is_called_to_its_place_goes_first(parts: Parts) -> None:
    queue = parts.operator.queue
    queue.add(key_of("crm"))
    queue.add(key_of("erp"))

    parts.operator.admission.requeue(key_of("called"))

    assert await queue.take() == key_of("called")


async def test_log_tells_what_events_tell(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await running(parts)
    parts.ready.user.active = False

    parts.ask_to_renew("1")
    await parts.settle()

    told = [(one.levelname, getattr(one, "reason", "")) for one in caplog.records]
    assert ("INFO", "TokenMinted") in told
    assert ("WARNING", "UserInactive") in told


async def test_last_login_is_not_called_accepted_after_it_was_refused(parts: Parts) -> None:
    await running(parts)

    parts.give_key(pem=keys.key_pair("another").private_key)
    await parts.settle()

    assert parts.condition("Reconciling") == "True SignatureRejected"
    assert parts.condition("CredentialsValid") == "True CredentialsAccepted"
    assert parts.message("CredentialsValid").startswith("Salesforce accepted an earlier login")
