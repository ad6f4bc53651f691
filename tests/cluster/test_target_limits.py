"""Targets at their limits: dead tokens, Secrets that are full, namespaces that go."""

from typing import Any

import pytest

from support.stage import Stage, encoded
from support.waiting import always, eventually

pytestmark = pytest.mark.cluster

PLAIN = {"labels": {"example.com/note": "theirs"}}


def give_theirs(stage: Stage, content: str = "theirs") -> dict[str, Any]:
    return stage.give_secret("theirs", {"password": content}, labels=PLAIN["labels"])


def connect(stage: Stage, policy: str) -> None:
    target = {
        "secretName": "theirs",
        "creationPolicy": policy,
        "data": {"access_token": "${access_token}"},
    }
    token = {"verifyInterval": "5s", "expiredPolicy": "Remove"}
    stage.connect(changes={"spec.targets[0]": target, "spec.token": token})


@pytest.mark.parametrize("policy", ["Adopt", "Merge"])
def test_entries_of_a_dead_token_go_and_those_of_others_stay(stage: Stage, policy: str) -> None:
    give_theirs(stage)
    connect(stage, policy)
    eventually(lambda: stage.ready.org.is_live(stage.token("theirs")))

    stage.ready.user.active = False
    stage.ready.org.kill_sessions()

    eventually(lambda: stage.entries("theirs") == {"password": "theirs"}, timeout=20)
    seen = stage.secret("theirs")
    assert seen is not None
    assert PLAIN["labels"].items() <= seen["metadata"]["labels"].items()

    stage.ready.user.active = True
    stage.ask_to_renew("now")
    eventually(lambda: stage.ready.org.is_live(stage.token("theirs")), timeout=20)
    assert stage.entries("theirs")["password"] == "theirs"


@pytest.mark.parametrize("policy", ["Adopt", "Merge"])
def test_secret_that_has_no_room_left_is_said_and_untouched(stage: Stage, policy: str) -> None:
    # A Secret may have 1 MiB of content; the token needs more than what is left here.
    before = give_theirs(stage, "x" * (1024 * 1024 - len("password") - 40))
    connect(stage, policy)

    stage.refused("SpecInvalid")

    assert "theirs (422" in stage.message("TargetsSynced")
    always(lambda: stage.secret("theirs") == before, seconds=2)


def test_nothing_is_made_in_a_namespace_that_goes(stage: Stage) -> None:
    stage.connect()
    stage.settled()

    stage.api.delete(f"/api/v1/namespaces/{stage.namespace}")
    stage.delete_secret("crm-token")

    always(lambda: stage.secret() is None, seconds=3)


def test_entry_of_a_merged_secret_can_be_renamed(stage: Stage) -> None:
    give_theirs(stage)
    connect(stage, "Merge")
    eventually(lambda: bool(stage.token("theirs")))

    target = {"secretName": "theirs", "creationPolicy": "Merge", "data": {"token": "${org_id}"}}
    stage.change({"spec": {"targets": [target]}})

    eventually(lambda: set(stage.entries("theirs")) == {"password", "token"})
    assert encoded({"password": "theirs"}).items() <= (stage.secret("theirs") or {})["data"].items()
