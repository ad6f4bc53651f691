"""Targets at their limits: dead tokens, Secrets that are full, namespaces that go."""

from collections.abc import Iterator
from typing import Any

import pytest

from support.stage import Stage, encoded
from support.waiting import always, eventually

pytestmark = pytest.mark.cluster

# Nobody runs it; the finalizer keeps it when it is deleted.
LAST_POD: dict[str, Any] = {
    "metadata": {"name": "last", "finalizers": ["example.com/test"]},
    "spec": {
        "containers": [{"name": "app", "image": "example.com/app"}],
        "automountServiceAccountToken": False,
    },
}
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

    stage.refused("TargetRefused")

    message = stage.message("TargetsSynced")
    assert "theirs (422 Invalid): data (" in message
    assert "xxx" not in message
    always(lambda: stage.secret("theirs") == before, seconds=2)


@pytest.fixture
def ending(stage: Stage) -> Iterator[Stage]:
    """Return a settled stage whose namespace is being deleted, with all that is in it.

    Kubernetes deletes nothing else of a namespace while a pod is left.
    """
    stage.connect()
    stage.settled()
    namespace = f"/api/v1/namespaces/{stage.namespace}"
    stage.api.create(f"{namespace}/pods", LAST_POD)
    try:
        stage.api.delete(namespace)
        eventually(lambda: takes_nothing_new(stage))
        yield stage
    finally:
        stage.api.patch(f"{namespace}/pods/last", {"metadata": {"finalizers": None}})


def takes_nothing_new(stage: Stage) -> bool:
    try:
        stage.give_secret("probe", {}, labels={})
    except AssertionError as refused:
        return "NamespaceTerminating" in str(refused)
    stage.delete_secret("probe")
    return False


def test_namespace_that_goes_is_no_failure_and_is_not_written_to_again_and_again(
    ending: Stage,
) -> None:
    ending.requests.forget()
    ending.delete_secret("crm-token")

    def is_pending() -> bool:
        return ending.condition("Ready") == "False TargetsPending" or ending.fail()

    eventually(is_pending)
    always(lambda: is_pending() and "Stalled" not in ending.conditions(), seconds=3)
    assert ending.requests.counts()["create secrets"] == 1
    assert ending.secret() is None


def test_entry_of_a_merged_secret_can_be_renamed(stage: Stage) -> None:
    give_theirs(stage)
    connect(stage, "Merge")
    eventually(lambda: bool(stage.token("theirs")))

    target = {"secretName": "theirs", "creationPolicy": "Merge", "data": {"token": "${org_id}"}}
    stage.change({"spec": {"targets": [target]}})

    eventually(lambda: set(stage.entries("theirs")) == {"password", "token"})
    assert encoded({"password": "theirs"}).items() <= (stage.secret("theirs") or {})["data"].items()
