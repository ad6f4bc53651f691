"""Adopt and Merge: what is ours is written, and nothing else of a Secret is touched."""

import base64
from typing import Any

import pytest

from support.api_client import Resource
from support.stage import GROUP, Stage, encoded
from support.waiting import always, eventually

pytestmark = pytest.mark.cluster

NOTE = {"example.com/note": "theirs"}
OURS = {"access_token": "${access_token}", "url": "${instance_url}"}
# A Secret of which no watch tells is looked at every 30 seconds.
LOOK = 40


def a_target(policy: str, **more: Any) -> dict[str, Any]:
    return {"secretName": "theirs", "creationPolicy": policy, "data": OURS, **more}


def connect(stage: Stage, policy: str, name: str = "crm", **more: Any) -> None:
    changes = {"spec.targets[0]": a_target(policy, **more)}
    stage.connect(name, changes={**changes, "spec.token.verifyInterval": "5s"})


def settled(stage: Stage, name: str = "crm") -> None:
    eventually(lambda: stage.condition("Ready", name) == "True TokenCurrent" or stage.fail(name))


def give_theirs(stage: Stage, **more: Any) -> Resource:
    """Store a Secret of somebody else, owned by something that is no controller."""
    owner = stage.give_secret("owner", {}, labels={})
    reference = {
        "apiVersion": "v1",
        "kind": "Secret",
        "name": "owner",
        "uid": owner["metadata"]["uid"],
    }
    secret = {
        "type": "Opaque",
        "metadata": {
            "name": "theirs",
            "labels": NOTE,
            "annotations": NOTE,
            "ownerReferences": [reference],
        },
        "data": encoded({"password": b"\x00\xff theirs"}),
        **more,
    }
    return stage.api.create(stage._path("secrets"), secret)


def assert_theirs_is_untouched(stage: Stage, theirs: Resource) -> Resource:
    seen = stage.secret("theirs")
    assert seen is not None
    assert theirs["data"].items() <= seen["data"].items()
    for part in ("labels", "annotations"):
        assert theirs["metadata"][part].items() <= seen["metadata"][part].items()
    references = seen["metadata"]["ownerReferences"]
    assert [one for one in references if one["kind"] == "Secret"] == theirs["metadata"][
        "ownerReferences"
    ]
    assert seen["metadata"]["uid"] == theirs["metadata"]["uid"]
    return seen


def merged(stage: Stage) -> dict[str, str]:
    """Return the entries that are asked for, as far as they are there."""
    data = (stage.secret("theirs") or {}).get("data") or {}
    return {name: base64.b64decode(data[name]).decode() for name in OURS if name in data}


# --- Adopt ---


def test_adopted_secret_keeps_all_that_was_there(stage: Stage) -> None:
    theirs = give_theirs(stage)
    connect(stage, "Adopt", labels={"team": "crm"})
    settled(stage)

    seen = assert_theirs_is_untouched(stage, theirs)
    assert stage.ready.org.is_live(merged(stage)["access_token"])
    assert seen["metadata"]["labels"][f"{GROUP}/connection"] == "crm"
    assert [one["kind"] for one in seen["metadata"]["ownerReferences"]] == [
        "Secret",
        "SalesforceConnection",
    ]

    stage.ready.org.kill_sessions()
    eventually(lambda: stage.ready.org.is_live(merged(stage)["access_token"]), timeout=LOOK)
    assert_theirs_is_untouched(stage, theirs)


def test_label_that_the_spec_drops_goes_and_foreign_ones_stay(stage: Stage) -> None:
    theirs = give_theirs(stage)
    connect(stage, "Adopt", labels={"team": "crm"}, annotations={"what": "crm"})
    settled(stage)

    stage.change({"spec": {"targets": [a_target("Adopt")]}})

    eventually(lambda: "team" not in (stage.secret("theirs") or {})["metadata"]["labels"])
    seen = assert_theirs_is_untouched(stage, theirs)
    assert "what" not in seen["metadata"]["annotations"]


def test_adopted_secret_that_is_no_longer_a_target_is_as_it_was(stage: Stage) -> None:
    theirs = give_theirs(stage)
    connect(stage, "Adopt")
    settled(stage)

    stage.change({"spec": {"targets": [{"secretName": "renamed"}]}})

    eventually(lambda: (stage.secret("theirs") or {}).get("data") == theirs["data"])
    seen = stage.secret("theirs")
    assert seen is not None
    for part in ("labels", "annotations", "ownerReferences", "uid"):
        assert seen["metadata"][part] == theirs["metadata"][part]


def test_adopt_makes_a_secret_that_is_not_there(stage: Stage) -> None:
    connect(stage, "Adopt")
    settled(stage)

    assert stage.ready.org.is_live(merged(stage)["access_token"])


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        pytest.param({"immutable": True}, "TargetImmutable", id="immutable"),
        pytest.param(
            {"type": "example.com/own", "data": encoded({"x": "1"})}, "TargetConflict", id="type"
        ),
    ],
)
def test_secret_that_cannot_be_adopted_is_untouched(
    stage: Stage, theirs: dict[str, Any], reason: str
) -> None:
    before = give_theirs(stage, **theirs)
    connect(stage, "Adopt")

    stage.refused(reason)

    always(lambda: stage.secret("theirs") == before, seconds=2)


@pytest.mark.parametrize("policy", ["Create", "Adopt"])
def test_secret_with_a_controller_is_untouched(stage: Stage, policy: str) -> None:
    theirs = give_theirs(stage)
    reference = theirs["metadata"]["ownerReferences"][0] | {"controller": True}
    before = stage.change_secret("theirs", {"metadata": {"ownerReferences": [reference]}})
    connect(stage, policy)

    stage.refused("TargetNotOwned")

    always(lambda: stage.secret("theirs") == before, seconds=2)


@pytest.mark.parametrize("policy", ["Adopt", "Merge"])
def test_target_of_another_connection_is_theirs_whatever_the_policy(
    stage: Stage, policy: str
) -> None:
    stage.connect("first", changes={"spec.targets[0].secretName": "theirs"})
    settled(stage, "first")
    before = stage.secret("theirs")

    connect(stage, policy, "second")
    stage.refused("TargetConflict", "second")

    assert "first" in stage.message("TargetsSynced", "second")
    assert stage.secret("theirs") == before


@pytest.mark.parametrize("policy", ["Adopt", "Merge"])
def test_source_of_another_connection_is_never_a_target(stage: Stage, policy: str) -> None:
    stage.connect("first")
    settled(stage, "first")
    before = stage.secret("crm-key")
    keys = [{"secretName": "other-key"}]
    stage.give_key(name="other-key")

    stage.connect(
        "second",
        changes={
            "spec.targets[0]": {**a_target(policy), "secretName": "crm-key"},
            "spec.auth.jwtBearer.keys": keys,
        },
    )
    stage.refused("TargetConflict", "second")

    assert "first" in stage.message("TargetsSynced", "second")
    assert stage.secret("crm-key") == before


# --- Merge ---


def test_merge_writes_its_entries_and_nothing_else(stage: Stage) -> None:
    theirs = give_theirs(stage)
    connect(stage, "Merge", labels={"team": "crm"})
    settled(stage)

    seen = assert_theirs_is_untouched(stage, theirs)
    assert seen["metadata"]["labels"] == theirs["metadata"]["labels"]
    assert seen["metadata"]["annotations"] == theirs["metadata"]["annotations"]
    assert seen["metadata"]["ownerReferences"] == theirs["metadata"]["ownerReferences"]
    assert set(seen["data"]) == {"password", *OURS}
    assert stage.ready.org.is_live(merged(stage)["access_token"])

    stage.ready.org.kill_sessions()
    eventually(lambda: stage.ready.org.is_live(merged(stage)["access_token"]), timeout=LOOK)
    assert_theirs_is_untouched(stage, theirs)


def test_secret_to_merge_into_is_waited_for(stage: Stage) -> None:
    connect(stage, "Merge")
    stage.refused("TargetMissing")
    assert stage.secret("theirs") is None

    theirs = give_theirs(stage)

    eventually(lambda: set(merged(stage)) == set(OURS), timeout=LOOK)
    assert_theirs_is_untouched(stage, theirs)
    eventually(lambda: stage.condition("Ready") == "True TokenCurrent")


def test_merged_entry_that_was_removed_is_back(stage: Stage) -> None:
    theirs = give_theirs(stage)
    connect(stage, "Merge")
    settled(stage)

    stage.change_secret("theirs", {"data": {"access_token": None}})

    eventually(lambda: set(merged(stage)) == set(OURS), timeout=LOOK)
    assert_theirs_is_untouched(stage, theirs)
    assert stage.ready.org.successful_logins == 1


def test_entry_that_somebody_else_wrote_stays_theirs_and_they_are_named(stage: Stage) -> None:
    theirs = give_theirs(stage, data=encoded({"url": "theirs"}))
    connect(stage, "Merge")

    stage.refused("TargetConflict")

    always(lambda: stage.secret("theirs") == theirs, seconds=2)
    manager = theirs["metadata"]["managedFields"][0]["manager"]
    message = stage.message("TargetsSynced")
    assert f"url of Secret theirs is written by {manager}" in message

    stage.change_secret("theirs", {"data": {"url": None}})
    eventually(lambda: set(merged(stage)) == set(OURS), timeout=LOOK)


def test_merged_entry_that_the_spec_drops_goes(stage: Stage) -> None:
    theirs = give_theirs(stage)
    connect(stage, "Merge")
    settled(stage)

    stage.change({"spec": {"targets": [a_target("Merge", data={"url": "${instance_url}"})]}})

    eventually(lambda: set(merged(stage)) == {"url"})
    assert_theirs_is_untouched(stage, theirs)


@pytest.mark.parametrize(("policy", "left"), [("Delete", set()), ("Retain", set(OURS))])
def test_merged_secret_that_is_no_longer_a_target(
    stage: Stage, policy: str, left: set[str]
) -> None:
    theirs = give_theirs(stage)
    connect(stage, "Merge", deletionPolicy=policy)
    settled(stage)

    stage.change({"spec": {"targets": [{"secretName": "renamed"}]}})

    eventually(lambda: bool(stage.token("renamed")))
    eventually(lambda: set(merged(stage)) == left)
    assert_theirs_is_untouched(stage, theirs)


@pytest.mark.parametrize(("policy", "left"), [("Delete", set()), ("Retain", set(OURS))])
def test_merged_entries_of_a_deleted_connection(stage: Stage, policy: str, left: set[str]) -> None:
    theirs = give_theirs(stage)
    connect(stage, "Merge", deletionPolicy=policy)
    settled(stage)

    stage.disconnect()

    eventually(lambda: set(merged(stage)) == left)
    always(lambda: set(merged(stage)) == left, seconds=1)
    assert_theirs_is_untouched(stage, theirs)


def test_two_connections_merge_different_entries_into_one_secret(stage: Stage) -> None:
    theirs = give_theirs(stage)
    connect(stage, "Merge", "first", data={"access_token": "${access_token}"})
    connect(stage, "Merge", "second", data={"url": "${instance_url}"})
    settled(stage, "first")
    settled(stage, "second")

    assert set(merged(stage)) == set(OURS)

    stage.disconnect("second")
    eventually(lambda: set(merged(stage)) == {"access_token"})
    assert stage.ready.org.is_live(merged(stage)["access_token"])
    assert_theirs_is_untouched(stage, theirs)


def test_second_that_wants_the_same_entry_names_the_first(stage: Stage) -> None:
    give_theirs(stage)
    connect(stage, "Merge", "first", data={"access_token": "${access_token}"})
    settled(stage, "first")
    before = stage.secret("theirs")

    # The same session: not even the content differs.
    connect(stage, "Merge", "second")
    stage.refused("TargetConflict", "second")

    assert "access_token" in stage.message("TargetsSynced", "second")
    assert "connection first" in stage.message("TargetsSynced", "second")
    assert stage.secret("theirs") == before


def test_secret_that_another_connection_merges_into_cannot_be_adopted(stage: Stage) -> None:
    give_theirs(stage)
    connect(stage, "Merge", "first", data={"access_token": "${access_token}"})
    settled(stage, "first")
    before = stage.secret("theirs")

    connect(stage, "Adopt", "second", data={"url": "${instance_url}"})
    stage.refused("TargetConflict", "second")

    assert "first" in stage.message("TargetsSynced", "second")
    assert stage.secret("theirs") == before


def test_target_that_becomes_merged_loses_our_metadata_and_keeps_the_token(stage: Stage) -> None:
    theirs = give_theirs(stage)
    connect(stage, "Adopt", labels={"team": "crm"})
    settled(stage)

    stage.change({"spec": {"targets": [a_target("Merge")]}})

    def is_handed_back() -> bool:
        seen = stage.secret("theirs") or {}
        return bool(seen["metadata"]["labels"] == theirs["metadata"]["labels"])

    eventually(is_handed_back)
    eventually(lambda: set(merged(stage)) == set(OURS))
    seen = assert_theirs_is_untouched(stage, theirs)
    assert seen["metadata"]["annotations"] == theirs["metadata"]["annotations"]
    assert seen["metadata"]["ownerReferences"] == theirs["metadata"]["ownerReferences"]
    settled(stage)

    stage.ready.org.kill_sessions()
    eventually(lambda: stage.ready.org.is_live(merged(stage)["access_token"]), timeout=LOOK)


def test_shared_field_manager_would_prune_what_another_connection_merged(stage: Stage) -> None:
    """Why every connection has a field manager of its own (docs/decisions/0009)."""
    give_theirs(stage)
    path = f"{stage._path('secrets', 'theirs')}?fieldManager=shared"

    stage.api.apply(path, an_apply({"access_token": "1"}))
    stage.api.apply(path, an_apply({"url": "2"}))

    assert set(merged(stage)) == {"url"}


def an_apply(entries: dict[str, str]) -> Resource:
    metadata = {"name": "theirs"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded(entries)}
