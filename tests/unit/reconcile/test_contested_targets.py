"""Targets that another writer changes back after each repair."""

from collections.abc import Callable
from typing import Any

import pytest

from support.connected import running
from support.parts import NAMESPACE, Parts, encoded, secret_path

RIVAL = {
    "manager": "external-secrets",
    "operation": "Update",
    "fieldsV1": {"f:data": {"f:access_token": {}}},
}
EMPTIED = {"data": {"access_token": ""}, "metadata": {"managedFields": [RIVAL]}}


def empty_entry(parts: Parts) -> None:
    parts.change_secret("crm-token", EMPTIED)


def remove_labels(parts: Parts) -> None:
    parts.change_secret("crm-token", {"metadata": {"labels": None}})


def delete(parts: Parts) -> None:
    del parts.server.objects[secret_path("crm-token")]


async def fight(parts: Parts, undo: Callable[[Parts], None], *, times: int) -> None:
    """Undo each repair as soon as it is made."""
    for _ in range(times):
        undo(parts)
        await parts.settle()


def event(parts: Parts) -> dict[str, Any]:
    found = [one for path, one in parts.server.objects.items() if "/events/" in path]
    (contested,) = [one for one in found if one["reason"] == "TargetContested"]
    return contested


def writes(parts: Parts) -> int:
    return sum(parts.server.count()[f"{method} secrets"] for method in ("POST", "PATCH"))


async def test_three_repairs_in_a_row_are_made_at_once(parts: Parts) -> None:
    token = await running(parts)

    await fight(parts, empty_entry, times=3)

    assert parts.token() == token
    assert parts.condition() == "True TokenCurrent"
    assert parts.server.posted_events() == ["TokenMinted", *["TargetRepaired"] * 3]


@pytest.mark.parametrize(
    ("undo", "message"),
    [
        pytest.param(empty_entry, "by field manager external-secrets", id="emptied entry"),
        pytest.param(remove_labels, "does not record by whom", id="labels removed"),
        pytest.param(delete, "is deleted again after each repair", id="deleted"),
    ],
)
async def test_fourth_repair_waits_and_conditions_say_why(
    parts: Parts, undo: Callable[[Parts], None], message: str
) -> None:
    token = await running(parts)
    await fight(parts, undo, times=3)
    parts.server.requests.clear()

    await fight(parts, undo, times=1)

    assert writes(parts) == 0
    assert parts.condition() == "False TargetContested"
    assert parts.condition("TargetsSynced") == "False TargetContested"
    assert parts.condition("Stalled") == "True TargetContested"
    assert parts.condition("TokenValid") == "True Verified"
    assert message in parts.message()
    assert "Secret crm-token" in parts.message("TargetsSynced")
    assert parts.due_in() == pytest.approx(30)
    parts.advance(seconds=30)
    await parts.settle()
    assert parts.token() == token


async def test_changes_of_a_contested_target_cost_no_request(parts: Parts) -> None:
    await running(parts)
    await fight(parts, empty_entry, times=4)
    parts.server.requests.clear()

    for _ in range(20):
        empty_entry(parts)
        parts.watch()
        assert await parts.run_passes() == 0

    assert parts.server.requests == []


async def test_repairs_of_a_contested_target_become_rarer_and_count_up_one_event(
    parts: Parts,
) -> None:
    await running(parts)
    await fight(parts, empty_entry, times=4)
    assert (event(parts)["count"], event(parts)["type"]) == (3, "Warning")
    assert "external-secrets" in event(parts)["message"]

    delays = []
    for _ in range(6):
        due = parts.record().targets.next_look()
        assert due is not None
        delay = due - parts.clock.now()
        delays.append(round(delay.total_seconds()))
        parts.advance(seconds=delay.total_seconds())
        await parts.settle()
        empty_entry(parts)
        await parts.settle()
        assert parts.condition() == "False TargetContested"

    assert delays == [30, 60, 120, 240, 300, 300]
    assert event(parts)["count"] == 9
    assert event(parts)["lastTimestamp"] > event(parts)["firstTimestamp"]
    assert parts.server.posted_events().count("TargetRepaired") == 3


async def test_event_that_the_api_server_has_dropped_is_posted_again(parts: Parts) -> None:
    await running(parts)
    await fight(parts, empty_entry, times=4)
    for path in [one for one in parts.server.objects if "/events/" in one]:
        del parts.server.objects[path]

    parts.advance(seconds=30)
    await parts.settle()

    assert event(parts)["count"] == 4


async def test_contest_is_over_once_the_target_has_held_for_the_next_delay(parts: Parts) -> None:
    token = await running(parts)
    await fight(parts, empty_entry, times=4)

    parts.advance(seconds=30)
    await parts.settle()
    assert parts.token() == token
    assert parts.condition() == "False TargetContested"
    parts.advance(seconds=60)
    await parts.settle()

    assert parts.condition() == "True TokenCurrent"
    assert parts.condition("TargetsSynced") == "True Synced"
    assert parts.condition("Stalled") == ""


async def test_target_that_held_for_five_minutes_is_repaired_at_once_again(parts: Parts) -> None:
    token = await running(parts)
    await fight(parts, empty_entry, times=3)

    parts.advance(seconds=300)
    await fight(parts, empty_entry, times=3)

    assert parts.token() == token
    assert parts.condition() == "True TokenCurrent"


async def test_writer_that_is_slower_than_the_first_delays_is_found_out(parts: Parts) -> None:
    await running(parts)

    for _ in range(12):
        empty_entry(parts)
        await parts.settle()
        parts.advance(seconds=60)
        await parts.settle()

    assert parts.condition() == "False TargetContested"
    assert event(parts)["count"] >= 4


async def test_new_token_is_written_to_a_contested_target_at_once(parts: Parts) -> None:
    token = await running(parts)
    await fight(parts, empty_entry, times=4)
    parts.ready.org.kill_sessions()

    parts.ask_to_renew("now")
    await parts.settle()

    assert parts.token() not in ("", token)
    assert parts.condition() == "False TargetContested"
    empty_entry(parts)
    await parts.settle()
    assert parts.token() == ""


async def test_changed_spec_ends_the_wait(parts: Parts) -> None:
    token = await running(parts)
    await fight(parts, empty_entry, times=4)

    parts.change({"spec": {"token": {"verifyInterval": "10m"}}})
    await parts.settle()

    assert parts.token() == token
    assert parts.condition() == "True TokenCurrent"


async def test_contested_target_does_not_slow_another_one(parts: Parts) -> None:
    targets = [{"secretName": "crm-token"}, {"secretName": "calm"}]
    token = await running(parts, {"targets": targets})
    await fight(parts, empty_entry, times=4)

    parts.change_secret("calm", {"data": encoded({"access_token": "edited"})})
    await parts.settle()

    assert parts.token("calm") == token
    assert parts.condition() == "False TargetContested"


async def test_merged_entry_that_is_removed_again_and_again_is_contested(parts: Parts) -> None:
    parts.give_secret("crm-token", {"theirs": "kept"})
    await running(parts, {"targets": [{"secretName": "crm-token", "creationPolicy": "Merge"}]})

    def take_out(parts: Parts) -> None:
        nothing: dict[str, Any] = {"data": {"access_token": None}}
        parts.change_secret("crm-token", {**nothing, "metadata": {"managedFields": []}})

    await fight(parts, take_out, times=4)

    assert parts.condition() == "False TargetContested"


async def test_repair_that_is_overtaken_each_time_is_contested_too(parts: Parts) -> None:
    await running(parts)
    empty_entry(parts)
    for _ in range(8):
        parts.server.meanwhile(lambda: empty_entry(parts), method="PATCH", part="/secrets/")
    await parts.settle()
    parts.server.requests.clear()

    for _ in range(5):
        parts.advance(seconds=1)
        empty_entry(parts)
        await parts.settle()

    assert parts.server.count()["PATCH secrets"] <= 6
    assert parts.condition() == "False TargetContested"


async def test_conflict_is_not_retried_sooner_because_of_a_watch(parts: Parts) -> None:
    await running(parts)
    empty_entry(parts)
    for _ in range(2):
        parts.server.meanwhile(lambda: empty_entry(parts), method="PATCH", part="/secrets/")
    await parts.settle()
    parts.server.requests.clear()

    empty_entry(parts)
    await parts.settle()

    assert parts.server.count()["PATCH secrets"] == 0
    assert parts.due_in() == pytest.approx(1)


async def test_deletion_seen_before_the_answer_to_the_write_is_not_missed(parts: Parts) -> None:
    token = await running(parts)
    delete(parts)
    parts.watch()

    def show_deletion() -> None:
        gone = {"metadata": {"namespace": NAMESPACE, "name": "crm-token"}}
        parts.operator.intake.secret_gone(gone)

    parts.server.meanwhile(show_deletion, method="POST", part="/secrets")
    parts.server.meanwhile(lambda: delete(parts), method="POST", part="/secrets")
    await parts.run_passes()

    assert parts.server.count()["POST secrets"] == 2
    assert parts.token() == token


async def test_new_token_waits_for_a_writer_that_overtakes_it(parts: Parts) -> None:
    await running(parts)
    await fight(parts, empty_entry, times=4)
    parts.ready.org.kill_sessions()
    for _ in range(20):
        parts.server.meanwhile(lambda: empty_entry(parts), method="PATCH", part="/secrets/")
    parts.server.requests.clear()

    parts.ask_to_renew("now")
    await parts.settle()

    assert parts.server.count()["PATCH secrets"] == 2
    assert parts.due_in() == pytest.approx(1)
