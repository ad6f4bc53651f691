"""A restart costs no login and no write, and what happened meanwhile is caught up with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cluster
from fakeorg import FakeSalesforce, Readymade
from support.operator_process import OperatorProcess
from support.stage import Stage
from support.waiting import always, eventually

pytestmark = pytest.mark.cluster

_EVERY_FIVE_SECONDS = {"spec.token": {"verifyInterval": "5s"}}


@pytest.fixture
def operator(
    control_plane: cluster.ControlPlane,
    fake: FakeSalesforce,
    orgs: Iterator[Readymade],
    operator_log: Path,
) -> Iterator[OperatorProcess]:
    """Run an operator of the test's own, which it may kill."""
    hosts = [f"--allowed-host=127.0.0.1:{org.port}" for org in fake.orgs]
    flags = (f"--ca-file={fake.ca_file}", *hosts)
    with OperatorProcess(operator_log, *flags, kubeconfig=control_plane.kubeconfig) as running:
        yield running


def test_killed_operator_starts_again_without_a_login_or_a_write(
    stage: Stage, operator: OperatorProcess
) -> None:
    stage.connect(changes=_EVERY_FIVE_SECONDS)
    token, connection, target = stage.settled(), stage.connection(), stage.secret()
    eventually(stage.events)

    operator.kill()
    stage.requests.forget()
    verified = stage.ready.org.calls["rest"]
    operator.start()
    eventually(lambda: stage.ready.org.calls["rest"] >= verified + 2, timeout=20)

    assert stage.requests.writes() == []
    assert stage.ready.org.calls["token"] == 1
    assert stage.secret() == target
    assert stage.connection() == connection
    assert stage.token() == token


def test_target_that_was_deleted_meanwhile_comes_back_with_a_token_that_works(
    stage: Stage, operator: OperatorProcess
) -> None:
    targets = [{"secretName": "crm-token"}, {"secretName": "copy"}]
    stage.connect(changes={"spec.targets": targets})
    token = stage.settled()
    operator.kill()
    stage.delete_secret("copy")

    operator.start()

    eventually(lambda: stage.token("copy") == token)
    assert stage.ready.org.calls["token"] == 1


def test_only_target_that_was_deleted_meanwhile_costs_one_login(
    stage: Stage, operator: OperatorProcess
) -> None:
    stage.connect()
    token = stage.settled()
    operator.kill()
    stage.delete_secret("crm-token")

    operator.start()

    # The token was nowhere else: one login gives the same one again.
    eventually(lambda: stage.token() == token)
    assert stage.ready.org.calls["token"] == 2


def test_session_that_died_meanwhile_is_replaced(stage: Stage, operator: OperatorProcess) -> None:
    stage.connect(changes=_EVERY_FIVE_SECONDS)
    stage.settled()
    operator.kill()
    stage.ready.org.kill_sessions()

    operator.start()

    eventually(lambda: stage.ready.org.is_live(stage.token()))
    eventually(lambda: stage.condition("Ready") == "True TokenCurrent")
    assert stage.ready.org.successful_logins == 2


def test_spec_and_renewal_that_changed_meanwhile_are_acted_on(
    stage: Stage, operator: OperatorProcess
) -> None:
    other = stage.ready.org.add_user("other@acme.example")
    stage.ready.app.change(assigned=[stage.ready.user.username, other.username])
    stage.connect()
    stage.settled()
    operator.kill()
    stage.change({"spec": {"auth": {"jwtBearer": {"username": other.username}}}})

    operator.start()

    eventually(lambda: stage.entries()["username"] == other.username)
    operator.kill()
    stage.ask_to_renew("meanwhile")
    operator.start()
    eventually(lambda: stage.status().get("lastHandledRenewRequest") == "meanwhile")
    assert stage.ready.org.successful_logins == 3


def test_terminal_failure_is_not_tried_again_because_of_a_restart(
    stage: Stage, operator: OperatorProcess
) -> None:
    stage.ready.user.active = False
    stage.connect()
    stage.refused("UserInactive")
    eventually(stage.events)
    operator.kill()
    stage.requests.forget()

    operator.start()

    always(lambda: stage.ready.org.calls["token"] == 1, seconds=4)
    assert stage.requests.writes() == []


def test_connection_and_key_that_came_meanwhile_are_served(
    stage: Stage, operator: OperatorProcess
) -> None:
    operator.kill()
    stage.connect()

    operator.start()

    assert stage.ready.org.is_live(stage.settled())


def test_token_in_a_merged_secret_is_found_again_without_a_login_or_a_write(
    stage: Stage, operator: OperatorProcess
) -> None:
    theirs = {"secretName": "theirs", "creationPolicy": "Merge", "presets": ["JSForce"]}
    stage.give_secret("theirs", {"password": "theirs"}, labels={})
    stage.connect(changes={**_EVERY_FIVE_SECONDS, "spec.targets[0]": theirs})
    stage.settled()
    before = stage.secret("theirs")
    operator.kill()
    stage.requests.forget()
    verified = stage.ready.org.calls["rest"]

    operator.start()
    eventually(lambda: stage.ready.org.calls["rest"] >= verified + 2, timeout=20)

    assert stage.requests.writes() == []
    assert stage.ready.org.calls["token"] == 1
    assert stage.secret("theirs") == before


@pytest.mark.parametrize("policy", ["Create", "Adopt"])
def test_label_that_the_spec_dropped_meanwhile_goes_and_foreign_ones_stay(
    stage: Stage, operator: OperatorProcess, policy: str
) -> None:
    target = {"secretName": "crm-token", "creationPolicy": policy}
    marks = {"labels": {"team": "crm", "tier": "1"}, "annotations": {"what": "crm"}}
    theirs = {"labels": {"theirs": "1"}, "annotations": {"note": "theirs"}}
    stage.connect(changes={"spec.targets[0]": {**target, **marks}})
    stage.settled()
    stage.change_secret("crm-token", {"metadata": theirs})
    operator.kill()
    stage.change({"spec": {"targets": [{**target, "labels": {"tier": "1"}}]}})

    operator.start()

    eventually(lambda: "team" not in _metadata(stage)["labels"])
    labels, notes = _metadata(stage)["labels"], _metadata(stage)["annotations"]
    assert "what" not in notes
    assert {"tier": "1", "theirs": "1"}.items() <= labels.items()
    assert notes["note"] == "theirs"

    eventually(lambda: stage.status()["observedGeneration"] == 2)
    operator.kill()
    stage.requests.forget()
    operator.start()
    eventually(lambda: stage.requests.counts().get("get secrets"), timeout=20)
    always(lambda: stage.requests.writes() == [], seconds=2)


@pytest.mark.parametrize(("policy", "left"), [("Delete", set()), ("Retain", {"salesforce.json"})])
def test_merged_secret_that_the_spec_dropped_meanwhile_is_let_go_as_it_said(
    stage: Stage, operator: OperatorProcess, policy: str, left: set[str]
) -> None:
    theirs = {"secretName": "theirs", "creationPolicy": "Merge", "presets": ["JSForce"]}
    stage.give_secret("theirs", {"password": "theirs"}, labels={})
    # The policy of the last spec counts, though nothing was written for it.
    other = {"Delete": "Retain", "Retain": "Delete"}[policy]
    stage.connect(changes={"spec.targets[0]": {**theirs, "deletionPolicy": other}})
    stage.settled()
    stage.change({"spec": {"targets": [{**theirs, "deletionPolicy": policy}]}})
    eventually(lambda: stage.status()["observedGeneration"] == 2)
    assert stage.status()["targets"][0]["deletionPolicy"] == policy
    operator.kill()
    stage.change({"spec": {"targets": [{"secretName": "crm-token"}]}})

    operator.start()

    eventually(lambda: [one["secretName"] for one in stage.status()["targets"]] == ["crm-token"])
    assert set(stage.entries("theirs")) == {"password", *left}
    assert stage.ready.org.is_live(stage.settled())


@pytest.mark.parametrize("policy", ["Delete", "Retain"])
def test_target_that_the_spec_dropped_meanwhile_is_let_go_as_it_said(
    stage: Stage, operator: OperatorProcess, policy: str
) -> None:
    stage.connect(changes={"spec.targets[0].deletionPolicy": policy})
    token = stage.settled()
    operator.kill()
    stage.change({"spec": {"targets": [{"secretName": "renamed"}]}})

    operator.start()

    eventually(lambda: [one["secretName"] for one in stage.status()["targets"]] == ["renamed"])
    assert stage.ready.org.is_live(stage.token("renamed"))
    assert stage.token() == ("" if policy == "Delete" else token)
    if policy == "Retain":
        assert _metadata(stage).get("labels") is None


def test_connection_that_was_made_anew_meanwhile_takes_up_what_it_merged(
    stage: Stage, operator: OperatorProcess
) -> None:
    theirs = {"secretName": "theirs", "creationPolicy": "Merge", "presets": ["JSForce"]}
    stage.give_secret("theirs", {"password": "theirs"}, labels={})
    stage.connect(changes={"spec.targets[0]": theirs})
    stage.settled()
    operator.kill()
    stage.disconnect()
    stage.connect(changes={"spec.targets[0]": {**theirs, "presets": ["DotEnv"]}})

    operator.start()

    stage.settled()
    assert set(stage.entries("theirs")) == {"password", ".env"}


def _metadata(stage: Stage, name: str = "crm-token") -> dict[str, Any]:
    metadata: dict[str, Any] = (stage.secret(name) or {})["metadata"]
    return metadata
