"""What fails is told with its reason, and heals; the last good token stays."""

from collections.abc import Callable

import pytest

from fakeorg import Readymade, faults
from support.refusals import REFUSALS
from support.stage import Stage
from support.waiting import always, eventually

pytestmark = pytest.mark.cluster


# --- What admission cannot know ---


def test_entry_with_two_contents_is_said_before_any_login(stage: Stage) -> None:
    data = {"presets": ["HTTPHeader"], "data": {"header": "${access_token}"}}
    stage.connect(changes={"spec.targets[0]": {"secretName": "crm-token", **data}})

    stage.refused("EntryConflict")

    assert stage.condition("Ready") == "False EntryConflict"
    assert "header" in stage.message("Ready")
    assert stage.ready.org.calls.total() == 0
    assert stage.secret() is None


def test_login_host_that_is_not_allowed_is_never_called(stage: Stage) -> None:
    port = stage.ready.org.port
    stage.connect(changes={"spec.org.loginURL": f"https://localhost:{port}"})

    stage.refused("HostNotAllowed")

    assert f"localhost:{port}" in stage.message("Ready")
    assert stage.ready.org.calls.total() == 0


def test_token_for_a_host_that_is_not_allowed_is_never_written(stage: Stage) -> None:
    stage.ready.org.settings.instance_url = "https://salesforce.com.elsewhere.example"
    stage.connect()

    stage.refused("HostNotAllowed")

    assert stage.secret() is None
    assert stage.condition("TokenValid").startswith("Unknown")


def test_token_of_another_org_is_never_written(stage: Stage) -> None:
    stage.connect(changes={"spec.org.expectedOrgID": "00D000000000001AAA"})

    stage.refused("OrgMismatch")

    assert stage.secret() is None
    assert stage.condition("Ready") == "False OrgMismatch"


def test_org_that_turns_out_to_be_another_takes_its_token_out_of_the_target(stage: Stage) -> None:
    stage.connect()
    stage.settled()

    stage.change({"spec": {"org": {"expectedOrgID": "00D000000000001AAA"}}})
    stage.refused("OrgMismatch")

    eventually(lambda: stage.secret() is not None and stage.entries() == {})


def test_entries_that_clash_are_refused_before_any_login(stage: Stage) -> None:
    target = {"secretName": "crm-token", "presets": ["Default"], "data": {"org_id": "mine"}}
    stage.connect(changes={"spec.targets[0]": target})

    stage.refused("EntryConflict")

    assert stage.ready.org.calls.total() == 0


# --- What Salesforce answers ---


@pytest.mark.parametrize(("happens", "reason", "failure_class"), REFUSALS)
def test_first_login_that_fails_is_told_with_reason_class_and_remedy(
    stage: Stage, happens: Callable[[Readymade], None], reason: str, failure_class: str
) -> None:
    happens(stage.ready)
    stage.connect()

    eventually(lambda: stage.failure().get("reason") == reason or stage.fail())

    assert stage.failure()["class"] == failure_class
    assert "tokenSafeUntil" not in stage.failure()
    conditions = stage.conditions()
    assert conditions["Ready"] == f"False {reason}"
    assert conditions["TokenValid"] == "Unknown TokenPending"
    is_terminal = failure_class == "Terminal"
    assert ("Stalled" in conditions) is is_terminal
    assert ("Reconciling" in conditions) is not is_terminal
    assert stage.message("Ready").endswith((".", ">"))
    (event,) = eventually(stage.events)
    assert (event["type"], event["reason"]) == ("Warning", reason)


def test_retry_after_is_obeyed(stage: Stage) -> None:
    stage.ready.org.fail("token", faults.too_many_requests("7"), 1)
    stage.connect()
    eventually(lambda: stage.failure().get("reason") == "LoginRateExceeded")

    always(lambda: stage.ready.org.calls["token"] == 1, seconds=5)
    assert stage.ready.org.is_live(stage.settled())


def test_hint_for_a_user_who_never_approved_names_setup_and_the_url_to_open(stage: Stage) -> None:
    stage.ready.app.change(policy="self-authorize")
    stage.connect()
    eventually(lambda: stage.failure().get("reason") == "UserNotApproved")

    message = stage.message("Ready")
    assert "Setup" in message or "Permitted Users" in message
    assert f"{stage.ready.org.login_url}/services/oauth2/authorize?" in message
    assert stage.ready.app.consumer_key in message

    stage.ready.org.approve(stage.ready.user, stage.ready.app)
    stage.ask_to_renew("approved")
    assert stage.ready.org.is_live(stage.settled())
