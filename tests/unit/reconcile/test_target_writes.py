"""Writing the targets of a connection."""

import re
from typing import Any

import pytest

from support.connected import connected, running
from support.fake_api import SECRETS
from support.parts import NAMESPACE, Parts, encoded, secret_path
from token_operator.domain.connection import DeletionPolicy
from token_operator.domain.status import TargetStatus
from token_operator.domain.targets import desired as module
from token_operator.domain.targets.known_targets import KnownTargets
from token_operator.domain.targets.labels import CONNECTION_LABEL, EXPIRES_AT, MANAGED_BY, MANAGER

OWNER = {
    "apiVersion": "salesforce-token.dev/v1alpha1",
    "kind": "SalesforceConnection",
    "controller": True,
}


def metadata(parts: Parts, name: str = "crm-token") -> dict[str, Any]:
    secret = parts.secret(name)
    assert secret is not None
    told: dict[str, Any] = secret["metadata"]
    return told


def dead_seconds(parts: Parts) -> float:
    (snapshot,) = parts.operator.controllers[0].snapshots()
    return snapshot.dead_seconds


def margins(parts: Parts) -> int:
    page = parts.operator.metrics.page().decode()
    (count,) = re.findall(
        r"^salesforce_token_renewal_margin_seconds_count (\d+)", page, re.MULTILINE
    )
    return int(count)


async def test_target_says_whose_it_is(parts: Parts) -> None:
    await running(parts, {"targets": [{"secretName": "crm-token", "labels": {"team": "crm"}}]})

    told = metadata(parts)
    assert told["labels"][MANAGED_BY] == MANAGER
    assert told["labels"][CONNECTION_LABEL] == "crm"
    assert told["labels"]["team"] == "crm"
    owner = told["ownerReferences"][0]
    assert owner["uid"] == parts.record().connection.uid
    assert owner["blockOwnerDeletion"] is False


async def test_retained_target_has_no_owner(parts: Parts) -> None:
    await running(parts, {"targets": [{"secretName": "crm-token", "deletionPolicy": "Retain"}]})

    assert metadata(parts)["ownerReferences"] == []


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        pytest.param({}, "TargetNotOwned", id="nobody's"),
        pytest.param(
            {"ownerReferences": [{**OWNER, "kind": "Deployment", "name": "x", "uid": "u"}]},
            "TargetNotOwned",
            id="of a workload",
        ),
        pytest.param(
            {"ownerReferences": [{**OWNER, "name": "erp", "uid": "u"}]},
            "TargetConflict",
            id="controlled by another connection",
        ),
        pytest.param(
            {"labels": {MANAGED_BY: MANAGER, CONNECTION_LABEL: "erp"}},
            "TargetConflict",
            id="labelled for another connection",
        ),
    ],
)
async def test_secret_that_is_not_ours_is_left_alone(
    parts: Parts, told: dict[str, Any], reason: str
) -> None:
    data = encoded({"theirs": "1"})
    before = parts.server.put(secret_path("crm-token"), {"metadata": told, "data": data})

    await connected(parts)

    assert parts.condition("Stalled") == f"True {reason}"
    assert parts.secret() == before
    assert parts.due_in() == 30


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(
            {"ownerReferences": [{**OWNER, "name": "crm", "uid": "former"}]}, id="stale owner"
        ),
        pytest.param({"labels": {MANAGED_BY: MANAGER, CONNECTION_LABEL: "crm"}}, id="our labels"),
    ],
)
async def test_secret_of_a_former_life_is_taken_over(parts: Parts, told: dict[str, Any]) -> None:
    parts.server.put(secret_path("crm-token"), {"metadata": told})

    await connected(parts)

    assert parts.condition() == "True TokenCurrent"
    assert metadata(parts)["ownerReferences"][0]["uid"] == parts.record().connection.uid


async def test_refused_target_is_written_when_the_way_is_free(parts: Parts) -> None:
    parts.server.put(secret_path("crm-token"), {})
    await connected(parts, {"targets": [{"secretName": "crm-token"}, {"secretName": "second"}]})
    assert parts.token("second")

    del parts.server.objects[secret_path("crm-token")]
    parts.advance(seconds=30)
    await parts.settle()

    assert parts.condition() == "True TokenCurrent"
    assert parts.token() == parts.token("second")
    assert parts.logins() == 1


async def test_immutable_target_is_refused(parts: Parts) -> None:
    await running(parts)
    parts.change_secret("crm-token", {"immutable": True, "data": {"access_token": "eA=="}})

    await parts.settle()

    assert parts.condition("Stalled") == "True TargetImmutable"


async def test_target_that_may_not_be_written_is_told(parts: Parts) -> None:
    parts.server.fail(403, method="POST", part="secrets")

    await connected(parts)

    assert parts.condition("Stalled") == "True TargetForbidden"


@pytest.mark.parametrize(
    ("status", "causes"),
    [
        pytest.param(403, ("NamespaceTerminating",), id="terminating"),
        pytest.param(404, (), id="gone"),
    ],
)
async def test_namespace_that_goes_is_no_fault_and_no_success(
    parts: Parts, status: int, causes: tuple[str, ...]
) -> None:
    parts.server.fail(status, method="POST", part="secrets", causes=causes)

    await connected(parts)

    assert parts.condition() == "False TargetsPending"
    assert parts.condition("Stalled") == ""
    assert parts.due_in() == 30


async def test_target_that_is_deleted_while_it_is_taken_over_is_created(parts: Parts) -> None:
    stale = {**OWNER, "name": "crm", "uid": "former"}
    parts.server.put(secret_path("crm-token"), {"metadata": {"ownerReferences": [stale]}})

    def collect_garbage() -> None:
        del parts.server.objects[secret_path("crm-token")]

    parts.server.meanwhile(collect_garbage, method="PATCH", part="/secrets/crm-token")
    await connected(parts)

    assert parts.condition() == "True TokenCurrent"
    assert parts.token()


async def test_refusal_by_the_api_server_names_the_field_and_no_content(parts: Parts) -> None:
    parts.server.fail(
        422, method="POST", part="secrets", causes=("FieldValueInvalid",), at="metadata.labels"
    )

    await connected(parts)

    assert parts.condition("Stalled") == "True TargetRefused"
    assert "crm-token (422 Invalid): metadata.labels (FieldValueInvalid)." in parts.message()
    assert "MARKED" not in str(parts.status())
    assert parts.due_in() == 30


async def test_edited_target_is_repaired_without_a_login(parts: Parts) -> None:
    token = await running(parts)

    parts.change_secret("crm-token", {"data": encoded({"access_token": "x", "foreign": "y"})})
    await parts.settle()

    assert parts.token() == token
    assert parts.entries()["foreign"] == "y"
    assert parts.logins() == 1
    assert parts.server.posted_events() == ["TokenMinted", "TargetRepaired"]


async def test_deleted_target_is_repaired_without_a_login(parts: Parts) -> None:
    token = await running(parts)

    del parts.server.objects[secret_path("crm-token")]
    await parts.settle()

    assert parts.token() == token
    assert parts.logins() == 1
    assert "TargetRepaired" in parts.server.posted_events()


async def test_label_of_the_spec_that_was_taken_off_comes_back(parts: Parts) -> None:
    await running(parts, {"targets": [{"secretName": "crm-token", "labels": {"team": "crm"}}]})

    parts.change_secret("crm-token", {"metadata": {"labels": {"team": None}}})
    await parts.settle()

    assert metadata(parts)["labels"]["team"] == "crm"


async def test_foreign_annotation_costs_no_write(parts: Parts) -> None:
    await running(parts)

    parts.change_secret("crm-token", {"metadata": {"annotations": {"note": "x"}}})
    await parts.settle()

    assert parts.server.asked() == ["GET secrets"]


async def test_write_upon_an_unseen_edit_reads_and_writes_again(parts: Parts) -> None:
    await running(parts)
    parts.change_secret("crm-token", {"data": encoded({"access_token": "x"})})
    parts.change({"spec": {"targets": [{"secretName": "crm-token", "labels": {"a": "b"}}]}})
    parts.operator.intake.connection_seen(
        parts.server.objects[next(p for p in parts.server.objects if "/salesforceconn" in p)]
    )

    await parts.run_passes()

    assert metadata(parts)["labels"]["a"] == "b"
    assert parts.ready.org.is_live(parts.token())
    assert parts.server.count()["PATCH secrets"] == 2


async def test_target_that_others_write_all_the_time_is_tried_again(parts: Parts) -> None:
    await running(parts)
    parts.server.fail(409, method="PATCH", part="secrets", times=2)
    parts.change({"spec": {"targets": [{"secretName": "crm-token", "labels": {"a": "b"}}]}})

    await parts.settle()
    assert parts.condition() == "False TargetsPending"
    assert parts.due_in() == 1

    parts.advance(seconds=1)
    await parts.settle()
    assert metadata(parts)["labels"]["a"] == "b"
    assert parts.condition() == "True TokenCurrent"


async def test_target_that_vanishes_before_a_write_is_created(parts: Parts) -> None:
    await running(parts)
    del parts.server.objects[secret_path("crm-token")]
    parts.operator.records.watched.clear()
    parts.change({"spec": {"targets": [{"secretName": "crm-token", "labels": {"a": "b"}}]}})
    parts.told.pop(secret_path("crm-token"))

    await parts.settle()

    assert metadata(parts)["labels"]["a"] == "b"


async def test_entry_that_the_spec_drops_goes(parts: Parts) -> None:
    data = {"authorization": "Bearer ${access_token}", "url": "${instance_url}"}
    await running(parts, {"targets": [{"secretName": "crm-token", "data": data}]})

    targets = [{"secretName": "crm-token", "data": {"url": "${instance_url}"}}]
    parts.change({"spec": {"targets": targets}})
    await parts.settle()

    assert sorted(parts.entries()) == ["url"]
    assert parts.status()["targets"][0]["entries"] == ["url"]


async def test_target_that_the_spec_drops_is_deleted(parts: Parts) -> None:
    token = await running(parts)

    parts.change({"spec": {"targets": [{"secretName": "new-token"}]}})
    await parts.settle()

    assert parts.secret() is None
    assert parts.token("new-token") == token
    assert "TargetPruned" in parts.server.posted_events()
    assert [one["secretName"] for one in parts.status()["targets"]] == ["new-token"]


async def test_retained_target_that_the_spec_drops_loses_our_labels(parts: Parts) -> None:
    token = await running(
        parts, {"targets": [{"secretName": "crm-token", "deletionPolicy": "Retain"}]}
    )

    parts.change({"spec": {"targets": [{"secretName": "new-token"}]}})
    await parts.settle()

    assert parts.token() == token
    assert metadata(parts)["labels"] == {}


async def test_dropped_target_that_is_gone_or_not_ours_is_left(parts: Parts) -> None:
    parts.server.put(secret_path("crm-token"), {"data": encoded({"theirs": "1"})})
    await connected(parts, {"targets": [{"secretName": "crm-token"}, {"secretName": "second"}]})
    del parts.server.objects[secret_path("second")]
    parts.operator.records.watched.pop((NAMESPACE, "second"))
    parts.told.pop(secret_path("second"))

    parts.change({"spec": {"targets": [{"secretName": "third"}]}})
    await parts.settle()

    assert parts.entries() == {"theirs": "1"}
    assert parts.token("third")
    assert parts.condition() == "True TokenCurrent"


async def test_dropped_target_that_changes_meanwhile_is_looked_at_again(parts: Parts) -> None:
    await running(parts)
    parts.server.fail(409, method="DELETE")

    parts.change({"spec": {"targets": [{"secretName": "new-token"}]}})
    await parts.settle()

    assert parts.secret() is None


async def test_entries_of_a_dead_token_go_where_the_spec_says_so(parts: Parts) -> None:
    await running(parts, {"token": {"expiredPolicy": "Remove"}})
    parts.ready.org.kill_sessions()
    parts.ready.user.active = False

    parts.advance(minutes=5)
    await parts.settle()

    assert parts.entries() == {}
    assert parts.secret() is not None
    assert EXPIRES_AT in metadata(parts)["annotations"]


async def test_entries_that_must_go_of_a_target_that_is_gone_make_none(parts: Parts) -> None:
    await running(parts, {"token": {"expiredPolicy": "Remove"}})
    parts.ready.org.kill_sessions()
    parts.ready.user.active = False
    del parts.server.objects[secret_path("crm-token")]

    parts.advance(minutes=5)
    parts.operator.queue.release_due(parts.clock.monotonic())
    await parts.settle()

    assert parts.entries() == {} or parts.secret() is None


async def test_target_that_would_be_too_large_is_refused(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_CONTENT", 50)

    await connected(parts)

    assert parts.condition("Stalled") == "True SpecInvalid"
    assert "larger than" in parts.message()
    assert parts.secret() is None


async def test_refusal_of_a_spec_ends_with_the_spec(parts: Parts) -> None:
    await running(parts)
    clash = [{"secretName": "crm-token", "presets": ["Default"], "data": {"access_token": "other"}}]

    parts.change({"spec": {"targets": clash}})
    await parts.settle()
    assert parts.condition("Stalled") == "True EntryConflict"

    parts.change({"spec": {"targets": [{"secretName": "crm-token"}]}})
    parts.server.objects[f"{SECRETS.format(NAMESPACE)}/crm-token"].setdefault("type", "Opaque")
    await parts.settle()
    assert parts.condition() == "True TokenCurrent"
    assert parts.condition("Stalled") == ""


async def test_digest_ignores_the_expiry_annotation(parts: Parts) -> None:
    data = {"authorization": "Bearer ${access_token}"}
    await running(parts, {"targets": [{"secretName": "crm-token", "data": data}]})
    shown = metadata(parts)["annotations"][EXPIRES_AT]

    parts.advance(minutes=1)
    parts.ask_to_renew("1")
    await parts.settle()

    assert parts.logins() == 2
    assert parts.server.count()["PATCH secrets"] == 0
    assert metadata(parts)["annotations"][EXPIRES_AT] == shown


async def test_target_that_is_added_is_told_of_once(parts: Parts) -> None:
    await running(parts)
    before = parts.server.posted_events()

    parts.change({"spec": {"targets": [{"secretName": "crm-token"}, {"secretName": "more"}]}})
    await parts.settle()
    parts.advance(minutes=1)
    parts.ask_to_renew("1")
    await parts.settle()

    assert parts.server.posted_events() == [*before, "TargetWritten"]


async def test_entries_of_another_identity_go_with_a_spec_that_cannot_be_served(
    parts: Parts,
) -> None:
    await running(parts)

    parts.change({"spec": {"org": {"loginURL": "https://login.salesforce.com.evil.example"}}})
    await parts.settle()

    assert parts.condition("Stalled") == "True HostNotAllowed"
    assert parts.entries() == {}
    assert parts.logins() == 1


async def test_dead_token_counts_until_no_target_holds_it(parts: Parts) -> None:
    await running(parts, {"targets": [{"secretName": "crm-token"}, {"secretName": "more"}]})
    trouble = parts.server.fail(403, method="PATCH", part="secrets", times=99)
    parts.ready.org.kill_sessions()
    parts.advance(minutes=5)
    await parts.settle()
    assert parts.logins() == 2
    assert margins(parts) == 0

    parts.advance(seconds=30)
    trouble.times = 0
    assert dead_seconds(parts) == 30
    await parts.settle()
    parts.advance(seconds=7)

    assert dead_seconds(parts) == 30
    assert margins(parts) == 1


async def test_what_the_spec_says_of_merged_entries_counts_while_nothing_is_written(
    parts: Parts,
) -> None:
    target = {"secretName": "crm-token", "creationPolicy": "Merge"}
    await connected(parts, {"targets": [target]})
    assert parts.condition("Stalled") == "True TargetMissing"
    (kept,) = parts.record().connection.targets
    told = TargetStatus(secret_name="crm-token", deletion_policy=DeletionPolicy.DELETE)
    parts.record().targets = KnownTargets.from_status([told], [kept])

    parts.change({"spec": {"targets": [{**target, "deletionPolicy": "Retain"}]}})
    await parts.settle()

    assert parts.record().targets.of("crm-token").merged_deletion_policy is DeletionPolicy.RETAIN
