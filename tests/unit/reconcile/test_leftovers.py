"""What an operator that ran before has left on a target."""

from typing import Any

import pytest

from support.fake_api import merge
from support.parts import Parts, connection_path, encoded, restarted, secret_path
from token_operator.domain.targets.labels import EXPIRES_AT, MANAGER

TEAM = {"labels": {"team": "crm"}, "annotations": {"what": "crm"}}
FOREIGN = {"labels": {"theirs": "1"}, "annotations": {"note": "theirs"}}


def remember(parts: Parts, manager: str, marks: dict[str, dict[str, str]]) -> None:
    """Let the API server remember who wrote labels and annotations of the target."""
    secret = parts.secret()
    assert secret is not None
    fields: dict[str, Any] = {
        f"f:{part}": {f"f:{name}": {} for name in marks[part]} for part in marks
    }
    one = {"manager": manager, "operation": "Update", "fieldsV1": {"f:metadata": fields}}
    known = secret["metadata"].get("managedFields", [])
    parts.change_secret("crm-token", {"metadata": {**marks, "managedFields": [*known, one]}})


def remember_entries(parts: Parts) -> None:
    """Let the API server remember that the operator wrote all entries of the target."""
    fields: dict[str, Any] = {"f:data": {f"f:{name}": {} for name in parts.entries()}}
    one = {"manager": MANAGER, "operation": "Update", "fieldsV1": fields}
    parts.change_secret("crm-token", {"metadata": {"managedFields": [one]}})


def lose_status(parts: Parts) -> None:
    """Let the operator have died between the write of the Secret and that of the status."""
    stored = parts.server.objects[connection_path()]
    parts.server.objects[connection_path()] = merge(stored, {"status": None})


async def connected(parts: Parts, **target: Any) -> None:
    parts.give_key()
    parts.connect(spec={"targets": [{"secretName": "crm-token", **TEAM, **target}]})
    await parts.settle()
    remember(parts, MANAGER, TEAM)
    remember(parts, "kubectl", FOREIGN)
    await parts.settle()


@pytest.mark.parametrize("policy", ["Create", "Adopt"])
async def test_marks_that_the_spec_dropped_meanwhile_go_and_foreign_ones_stay(
    parts: Parts, policy: str
) -> None:
    await connected(parts, creationPolicy=policy)
    target = {"secretName": "crm-token", "creationPolicy": policy}
    parts.change({"spec": {"targets": [target]}})

    async with restarted(parts) as again:
        await again.settle()

        secret = again.secret()
        assert secret is not None
        labels, notes = secret["metadata"]["labels"], secret["metadata"]["annotations"]
        assert "team" not in labels
        assert "what" not in notes
        assert labels["theirs"] == "1"
        assert notes["note"] == "theirs"
        assert EXPIRES_AT in notes


async def test_nothing_is_written_after_a_restart_where_nothing_is_left_over(parts: Parts) -> None:
    await connected(parts)

    async with restarted(parts) as again:
        await again.settle()
        again.advance(seconds=5)
        await again.settle()

        assert again.server.count() == {"GET secrets": 1}


async def test_target_that_is_given_up_meanwhile_loses_its_marks_and_keeps_foreign_ones(
    parts: Parts,
) -> None:
    await connected(parts)
    parts.change_secret("crm-token", {"data": {"theirs": "MQ=="}})
    await parts.settle()
    parts.change({"spec": {"targets": [{"secretName": "renamed"}]}})

    async with restarted(parts) as again:
        await again.settle()

        secret = again.secret()
        assert secret is not None
        assert secret["metadata"]["labels"] == FOREIGN["labels"]
        assert secret["metadata"]["annotations"] == FOREIGN["annotations"]
        assert again.entries() == {"theirs": "1"}
        assert again.token("renamed")


async def test_entries_that_no_status_tells_of_go_when_they_must(parts: Parts) -> None:
    await connected(parts)
    remember_entries(parts)
    lose_status(parts)
    parts.change({"spec": {"org": {"loginURL": "https://login.salesforce.com.evil.example"}}})

    async with restarted(parts) as again:
        await again.settle()

        assert again.condition("Stalled") == "True HostNotAllowed"
        assert again.entries() == {}


async def test_no_entry_keeps_a_token_that_must_go_whoever_restored_it(parts: Parts) -> None:
    await connected(parts)
    token = parts.token()
    lose_status(parts)
    parts.change({"spec": {"token": {"expiredPolicy": "Remove"}}})
    parts.ready.org.kill_sessions()
    parts.ready.user.active = False

    async with restarted(parts) as again:
        await again.settle()
        again.advance(minutes=5)
        await again.settle()

        assert again.condition("TokenValid") == "False TokenDied"
        assert again.secret() is not None
        assert not any(token in text for text in again.entries().values())


async def test_target_that_no_status_tells_of_is_deleted_with_all_that_is_ours(
    parts: Parts,
) -> None:
    await connected(parts)
    token = parts.token()
    stored = parts.server.objects[connection_path()]
    remember_entries(parts)
    target = {**stored["status"]["targets"][0], "entries": ["access_token"]}
    parts.server.objects[connection_path()] = merge(stored, {"status": {"targets": [target]}})
    parts.change({"spec": {"targets": [{"secretName": "renamed"}]}})

    async with restarted(parts) as again:
        await again.settle()

        assert again.secret() is None
        assert again.token("renamed") == token


async def test_target_that_was_deleted_meanwhile_is_told_of_once(parts: Parts) -> None:
    await connected(parts)
    parts.change({"spec": {"targets": [{"secretName": "crm-token"}, {"secretName": "more"}]}})
    await parts.settle()
    before = len(parts.server.posted_events())
    del parts.server.objects[secret_path("more")]

    async with restarted(parts) as again:
        await again.settle()

        assert again.token("more") == again.token()
        assert again.server.posted_events()[before:] == ["TargetRepaired"]


async def test_label_that_another_manager_wrote_too_stays_when_the_spec_drops_it(
    parts: Parts,
) -> None:
    await connected(parts, creationPolicy="Adopt")
    remember(parts, "helm", {"labels": {"team": "crm"}, "annotations": {}})
    await parts.settle()

    parts.change({"spec": {"targets": [{"secretName": "crm-token", "creationPolicy": "Adopt"}]}})
    await parts.settle()

    secret = parts.secret()
    assert secret is not None
    assert secret["metadata"]["labels"]["team"] == "crm"
    assert "what" not in secret["metadata"]["annotations"]


async def test_entry_of_somebody_else_stays_even_with_the_token_in_it(parts: Parts) -> None:
    await connected(parts, creationPolicy="Adopt")
    theirs = f"user=them\ntoken={parts.token()}\n"
    parts.change_secret("crm-token", {"data": encoded({"their.conf": theirs})})
    await parts.settle()
    parts.change({"spec": {"token": {"expiredPolicy": "Remove"}}})
    parts.ready.org.kill_sessions()
    parts.ready.user.active = False

    async with restarted(parts) as again:
        await again.settle()
        again.advance(minutes=5)
        await again.settle()

        assert again.condition("TokenValid") == "False TokenDied"
        assert again.entries() == {"their.conf": theirs}
