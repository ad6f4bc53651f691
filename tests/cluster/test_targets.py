"""Targets are repaired without a login, and nobody else's Secret is touched."""

import pytest

from support.stage import GROUP, Stage, encoded
from support.waiting import always, eventually

pytestmark = pytest.mark.cluster


def test_deleted_target_is_back_without_a_login(stage: Stage) -> None:
    stage.connect()
    token = stage.settled()
    target = stage.secret()

    stage.delete_secret("crm-token")
    eventually(lambda: stage.token() == token)

    again = stage.secret()
    assert target is not None
    assert again is not None
    assert again["data"] == target["data"]
    assert again["metadata"]["labels"] == target["metadata"]["labels"]
    assert again["metadata"]["annotations"] == target["metadata"]["annotations"]
    assert again["metadata"]["ownerReferences"] == target["metadata"]["ownerReferences"]
    assert stage.ready.org.successful_logins == 1
    assert eventually(lambda: stage.reasons()[1:]) == ["TargetRepaired"]


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param({"data": encoded({"access_token": "another"})}, id="token changed"),
        pytest.param({"data": {"org_id": None}}, id="entry removed"),
        pytest.param({"data": None}, id="all entries removed"),
        pytest.param({"metadata": {"labels": {f"{GROUP}/watch": None}}}, id="watch label removed"),
        pytest.param({"metadata": {"labels": None}}, id="all labels removed"),
        pytest.param({"metadata": {"ownerReferences": None}}, id="owner removed"),
        pytest.param(
            {"metadata": {"annotations": {f"{GROUP}/fingerprint": "sha256:0"}}},
            id="fingerprint changed",
        ),
        pytest.param(
            {"metadata": {"annotations": {f"{GROUP}/expires-at": None}}}, id="expiry removed"
        ),
    ],
)
def test_edited_target_is_repaired_without_a_login(stage: Stage, edit: dict[str, object]) -> None:
    stage.connect()
    stage.settled()
    target = stage.secret()
    assert target is not None

    stage.change_secret("crm-token", edit)

    def is_repaired() -> bool:
        seen = stage.secret()
        assert seen is not None
        assert seen.get("data") == target["data"]
        for part in ("labels", "annotations", "ownerReferences"):
            assert seen["metadata"].get(part) == target["metadata"][part]
        return True

    eventually(is_repaired)
    assert stage.ready.org.successful_logins == 1


def test_foreign_entries_labels_and_annotations_on_a_target_stay(stage: Stage) -> None:
    stage.connect()
    stage.settled()
    note = {"example.com/note": "kept"}
    metadata = {"labels": note, "annotations": note}
    stage.change_secret("crm-token", {"metadata": metadata, "data": encoded({"mine": "kept"})})

    stage.change_secret("crm-token", {"data": encoded({"access_token": "another"})})
    eventually(lambda: stage.ready.org.is_live(stage.token()))

    target = stage.secret()
    assert target is not None
    assert stage.entries()["mine"] == "kept"
    assert target["metadata"]["labels"]["example.com/note"] == "kept"
    assert target["metadata"]["annotations"]["example.com/note"] == "kept"


def test_labels_and_annotations_of_the_spec_are_on_the_target(stage: Stage) -> None:
    target = {"secretName": "crm-token", "labels": {"team": "crm"}, "annotations": {"note": "ours"}}
    stage.connect(changes={"spec.targets[0]": target})
    stage.settled()

    seen = stage.secret()
    assert seen is not None
    assert seen["metadata"]["labels"]["team"] == "crm"
    assert seen["metadata"]["annotations"]["note"] == "ours"

    stage.change_secret("crm-token", {"metadata": {"labels": {"team": None}}})
    eventually(lambda: "team" in ((stage.secret() or {})["metadata"]["labels"]))


def test_secret_of_somebody_else_is_untouched_and_taken_once_it_is_gone(stage: Stage) -> None:
    theirs = stage.give_secret("crm-token", {"password": "theirs"}, labels={"team": "other"})
    stage.connect()
    stage.refused("TargetNotOwned")

    assert stage.conditions() == {
        "Ready": "False TargetNotOwned",
        "TokenValid": "True Verified",
        "CredentialsValid": "True CredentialsAccepted",
        "TargetsSynced": "False TargetNotOwned",
        "Stalled": "True TargetNotOwned",
    }
    assert "crm-token" in stage.message("TargetsSynced")
    always(lambda: stage.secret() == theirs, seconds=3)

    stage.delete_secret("crm-token")

    # Nothing tells of a Secret without our label: it is looked at every 30 seconds.
    eventually(lambda: stage.ready.org.is_live(stage.token()), timeout=40)
    eventually(lambda: stage.condition("Ready") == "True TokenCurrent")
    assert "Stalled" not in stage.conditions()
    assert stage.ready.org.successful_logins == 1


def test_target_of_another_connection_stays_theirs_and_is_named(stage: Stage) -> None:
    stage.connect("first", changes={"spec.targets[0].secretName": "shared"})
    eventually(lambda: stage.condition("Ready", "first") == "True TokenCurrent")
    theirs = stage.secret("shared")

    stage.connect("second", changes={"spec.targets[0].secretName": "shared"})
    stage.refused("TargetConflict", "second")

    assert "first" in stage.message("TargetsSynced", "second")
    assert stage.secret("shared") == theirs
    assert stage.condition("Ready", "first") == "True TokenCurrent"


def test_refused_target_does_not_hold_up_the_others(stage: Stage) -> None:
    theirs = stage.give_secret("taken", {"password": "theirs"}, labels={})
    targets = [{"secretName": "taken"}, {"secretName": "crm-token"}]
    stage.connect(changes={"spec.targets": targets})

    stage.refused("TargetNotOwned")

    assert stage.ready.org.is_live(stage.token())
    assert stage.secret("taken") == theirs


def test_one_login_serves_several_targets(stage: Stage) -> None:
    targets = [
        {"secretName": "crm-token"},
        {"secretName": "header", "data": {"header": "Authorization: Bearer ${access_token}"}},
    ]
    stage.connect(changes={"spec.targets": targets})
    token = stage.settled()

    assert stage.entries("header") == {"header": f"Authorization: Bearer {token}"}
    assert stage.ready.org.successful_logins == 1


def test_target_that_the_spec_no_longer_names_is_pruned(stage: Stage) -> None:
    stage.connect()
    token = stage.settled()

    stage.change({"spec": {"targets": [{"secretName": "renamed"}]}})

    eventually(lambda: stage.token("renamed") == token)
    eventually(lambda: stage.secret("crm-token") is None)
    assert stage.ready.org.successful_logins == 1
    eventually(lambda: "TargetPruned" in stage.reasons())


def test_retained_target_has_no_owner_and_outlives_its_name_in_the_spec(stage: Stage) -> None:
    kept = {"secretName": "crm-token", "deletionPolicy": "Retain"}
    stage.connect(changes={"spec.targets[0]": kept})
    token = stage.settled()
    target = stage.secret()
    assert target is not None
    assert "ownerReferences" not in target["metadata"]

    stage.change({"spec": {"targets": [{"secretName": "renamed"}]}})
    eventually(lambda: stage.token("renamed") == token)

    def is_let_go() -> bool:
        seen = stage.secret("crm-token")
        assert seen is not None
        return f"{GROUP}/connection" not in (seen["metadata"].get("labels") or {})

    eventually(is_let_go)
    assert stage.token("crm-token") == token


def test_entry_that_the_spec_no_longer_names_goes(stage: Stage) -> None:
    data = {"token": "${access_token}", "org": "${org_id}"}
    stage.connect(changes={"spec.targets[0].data": data})
    stage.settled()

    stage.change({"spec": {"targets": [{"secretName": "crm-token", "data": {"org": "${org_id}"}}]}})

    eventually(lambda: set(stage.entries()) == {"org"})
    assert stage.ready.org.successful_logins == 1


def test_immutable_target_is_said(stage: Stage) -> None:
    stage.connect()
    stage.settled()
    stage.change_secret("crm-token", {"immutable": True})

    stage.ready.org.kill_sessions()
    stage.ask_to_renew("now")
    stage.refused("TargetImmutable")

    assert stage.condition("TargetsSynced") == "False TargetImmutable"


def test_target_that_another_writer_changes_back_is_repaired_ever_more_rarely(
    stage: Stage,
) -> None:
    stage.connect()
    token = stage.settled()
    stage.requests.forget()

    def is_contested() -> bool:
        if stage.token():
            stage.overwrite("crm-token", {"access_token": ""}, "external-secrets")
        return stage.condition("Ready") == "False TargetContested"

    eventually(is_contested)
    always(is_contested, seconds=5)

    patches = [one for one in stage.requests.writes() if str(one) == "patch secrets"]
    assert len([one for one in patches if one.code == 200]) == 3
    assert "by field manager external-secrets" in stage.message("Ready")
    (event,) = (one for one in stage.events() if one["reason"] == "TargetContested")
    assert (event["type"], event["count"]) == ("Warning", 3)
    eventually(lambda: stage.token() == token, timeout=40)
    assert stage.ready.org.successful_logins == 1
