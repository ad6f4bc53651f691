"""Taking over a Secret that is there: what is of others stays, and comes back to them whole."""

from typing import Any

import pytest

from support.fake_api import Resource
from support.parts import Parts, encoded, secret_path

OTHER = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "billing", "uid": "u-1"}
NOTE = {"example.com/note": "theirs"}
DATA = {"access_token": "${access_token}"}


def target(**changes: Any) -> dict[str, Any]:
    return {"secretName": "crm-token", "creationPolicy": "Adopt", "data": DATA, **changes}


def put_theirs(parts: Parts, **changes: Any) -> Resource:
    metadata = {"labels": NOTE, "annotations": NOTE, "ownerReferences": [OTHER]}
    secret = {"type": "Opaque", "metadata": metadata, "data": encoded({"theirs": "1"})}
    return parts.server.put(secret_path("crm-token"), secret | changes)


async def adopted(parts: Parts, **changes: Any) -> None:
    parts.give_key()
    parts.connect(spec={"targets": [target(**changes)]})
    await parts.settle()


def metadata(parts: Parts) -> dict[str, Any]:
    secret = parts.secret()
    assert secret is not None
    told: dict[str, Any] = secret["metadata"]
    return told


async def test_foreign_entries_and_metadata_stay(parts: Parts) -> None:
    put_theirs(parts)

    await adopted(parts)

    assert parts.condition() == "True TokenCurrent"
    assert parts.entries()["theirs"] == "1"
    assert parts.ready.org.is_live(parts.token())
    told = metadata(parts)
    assert NOTE.items() <= told["labels"].items()
    assert NOTE.items() <= told["annotations"].items()
    assert told["ownerReferences"][0] == OTHER
    assert told["ownerReferences"][1]["kind"] == "SalesforceConnection"


async def test_owner_that_came_later_stays_when_the_token_changes(parts: Parts) -> None:
    await adopted(parts)
    ours = metadata(parts)["ownerReferences"]
    parts.change_secret("crm-token", {"metadata": {"ownerReferences": [*ours, OTHER]}})

    parts.ready.org.kill_sessions()
    parts.advance(minutes=5)
    await parts.settle()

    assert parts.ready.org.is_live(parts.token())
    assert OTHER in metadata(parts)["ownerReferences"]
    assert len(metadata(parts)["ownerReferences"]) == 2


async def test_secret_that_is_let_go_is_as_it_was(parts: Parts) -> None:
    before = put_theirs(parts)
    await adopted(parts, labels={"team": "crm"}, annotations={"what": "crm"})

    parts.change({"spec": {"targets": [{"secretName": "other"}]}})
    await parts.settle()

    assert parts.entries() == {"theirs": "1"}
    told = metadata(parts)
    for part in ("labels", "annotations", "ownerReferences"):
        assert told[part] == before["metadata"][part]


async def test_labels_and_annotations_that_the_spec_drops_go(parts: Parts) -> None:
    put_theirs(parts)
    await adopted(parts, labels={"team": "crm"}, annotations={"what": "crm"})
    assert metadata(parts)["labels"]["team"] == "crm"

    parts.change({"spec": {"targets": [target(annotations={"other": "x"})]}})
    await parts.settle()

    told = metadata(parts)
    assert "team" not in told["labels"]
    assert "what" not in told["annotations"]
    assert told["annotations"]["other"] == "x"
    assert NOTE.items() <= told["labels"].items()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"type": "kubernetes.io/tls"}, "TargetConflict", id="type"),
        pytest.param({"immutable": True}, "TargetImmutable", id="immutable"),
        pytest.param(
            {"metadata": {"ownerReferences": [{**OTHER, "controller": True}]}},
            "TargetNotOwned",
            id="controller",
        ),
    ],
)
async def test_secret_that_may_not_be_taken_is_left_alone(
    parts: Parts, changes: dict[str, Any], reason: str
) -> None:
    before = put_theirs(parts, **changes)

    await adopted(parts)

    assert parts.condition("Stalled") == f"True {reason}"
    assert parts.secret() == before
    assert parts.due_in() == 30
