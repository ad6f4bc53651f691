"""What the watches tell becomes facts in memory and keys in the queue."""

import logging
from dataclasses import replace
from typing import Any

import pytest

from support.builders import HOUR, MINUTE, NOON, SECOND, seen
from support.clock import SettableClock
from support.fake_api import merge
from support.parts import NAMESPACE, RENEW, WATCHED, key_of
from token_operator.cluster.statuses import raw_status
from token_operator.domain.connection import ConnectionKey
from token_operator.domain.failures import FailureClass
from token_operator.domain.org_identity import OrgIdentity
from token_operator.domain.outcomes import TokenRestored
from token_operator.domain.status import (
    AuthStatus,
    Condition,
    Status,
    TargetStatus,
    TokenStatus,
)
from token_operator.domain.targets.desired import plan_for
from token_operator.domain.targets.known_target import Settled
from token_operator.domain.targets.labels import FINGERPRINT
from token_operator.domain.targets.secret import SecretMeta
from token_operator.domain.token import ExpirySource
from token_operator.reconcile.call_admission import CallAdmission
from token_operator.reconcile.intake import Intake
from token_operator.reconcile.queue import KeyedQueue
from token_operator.reconcile.record import Record
from token_operator.reconcile.records import Records
from token_operator.reconcile.reporting import FAILURE, failure_mark
from token_operator.salesforce.hosts import AllowedHosts

KEY = key_of()
TOKEN = "sha256:9f2c41d0c3a1b2e4"
WELL = Status(
    observed_generation=1,
    conditions=(
        Condition(
            type="Ready",
            status="True",
            reason="TokenCurrent",
            message="",
            observed_generation=1,
            last_transition_time=NOON,
        ),
    ),
    token=TokenStatus(
        issued_at=NOON,
        expires_at=NOON + HOUR,
        expiry_source=ExpirySource.CONFIGURED,
        renewal_time=NOON + 34 * MINUTE,
        verified_at=NOON,
        fingerprint=TOKEN,
        identity_hash="sha256:1",
    ),
    identity=OrgIdentity(instance_url="https://acme.my.salesforce.com"),
    api_version="66.0",
    auth=AuthStatus(grant="JWTBearer", source_versions=(("crm-key", "11"),)),
    targets=(TargetStatus(secret_name="crm-token", fingerprint=TOKEN, written_at=NOON),),
)


@pytest.fixture
def intake(clock: SettableClock) -> Intake:
    queue = KeyedQueue[ConnectionKey](clock)
    return Intake(Records(), queue, CallAdmission(requeue=queue.add), clock, AllowedHosts())


def raw(status: Status | None = None, *, name: str = "crm", **patch: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "metadata": {
            "namespace": NAMESPACE,
            "name": name,
            "uid": f"uid-{name}",
            "resourceVersion": "50",
            "generation": 1,
        },
        "spec": {
            "auth": {
                "consumerKey": "3MVG9",
                "jwtBearer": {"username": "u", "keys": [{"secretName": "crm-key"}]},
            },
            "targets": [{"secretName": f"{name}-token"}],
        },
    }
    if status is not None:
        plain = merge(plain, {"status": raw_status(status)})
    merged: dict[str, Any] = merge(plain, patch)
    return merged


def secret(name: str = "crm-key", version: str = "11", **metadata: Any) -> dict[str, Any]:
    plain = {
        "namespace": NAMESPACE,
        "name": name,
        "uid": f"uid-{name}",
        "resourceVersion": version,
        "labels": WATCHED,
    }
    return {"metadata": plain | metadata}


def a_token_secret(version: str = "12", fingerprint: str = TOKEN) -> dict[str, Any]:
    return secret("crm-token", version, annotations={FINGERPRINT: fingerprint})


async def passed(intake: Intake) -> list[ConnectionKey]:
    """Take all keys that wait, as passes that find nothing to do."""
    keys = []
    while intake.queue.depth:
        keys.append(await intake.queue.take())
        intake.queue.done(keys[-1])
    return keys


async def known(intake: Intake, status: Status | None = None) -> Record:
    """Let a connection be known, its first pass over."""
    intake.connection_seen(raw(status))
    await passed(intake)
    record = intake.records.get(KEY)
    assert record is not None
    record.lifecycle.apply(TokenRestored(None))
    return record


async def test_new_connection_is_looked_at_now(intake: Intake) -> None:
    intake.connection_seen(raw())

    assert await passed(intake) == [KEY]


async def test_echo_of_our_own_status_asks_for_nothing(intake: Intake) -> None:
    record = await known(intake)

    intake.connection_seen(raw(WELL, metadata={"resourceVersion": "51"}))

    assert intake.queue.depth == 0
    assert record.resource_version == "51"
    assert record.status == Status()


@pytest.mark.parametrize(
    "patch",
    [
        pytest.param({"metadata": {"annotations": {RENEW: "7"}}}, id="renew request"),
        pytest.param({"metadata": {"generation": 2}}, id="generation"),
        pytest.param({"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}}, id="deletion"),
        pytest.param({"metadata": {"finalizers": ["a/b"]}}, id="finalizer"),
    ],
)
async def test_what_a_person_changed_asks_for_a_pass(intake: Intake, patch: dict[str, Any]) -> None:
    await known(intake)

    intake.connection_seen(raw(**patch))

    assert await passed(intake) == [KEY]


async def test_change_of_the_spec_lets_sources_be_read_again(intake: Intake) -> None:
    record = await known(intake)
    record.targets.put_off("crm-token", NOON + HOUR)

    intake.connection_seen(raw(metadata={"generation": 2}))

    assert record.known_sources.is_stale
    assert record.targets.of("crm-token").look_again_at is None


async def test_renew_request_alone_leaves_sources_as_they_are(intake: Intake) -> None:
    record = await known(intake)

    intake.connection_seen(raw(metadata={"annotations": {RENEW: "7"}}))

    assert not record.known_sources.is_stale


async def test_api_version_of_the_spec_is_taken_and_what_is_held_is_proven(
    intake: Intake,
) -> None:
    record = await known(intake, WELL)
    assert record.state.api_version == "66.0"

    intake.connection_seen(
        raw(WELL, metadata={"generation": 2}, spec={"org": {"apiVersion": "60.0"}})
    )
    assert record.state.api_version == "60.0"

    intake.connection_seen(raw(WELL, metadata={"generation": 3}))
    assert record.state.api_version == ""


async def test_indexes_follow_the_spec(intake: Intake) -> None:
    await known(intake)
    targets = [{"secretName": "new-token"}]

    intake.connection_seen(raw(metadata={"generation": 2}, spec={"targets": targets}))

    assert intake.records.writing((NAMESPACE, "new-token")) == {KEY}
    assert intake.records.writing((NAMESPACE, "crm-token")) == frozenset()


async def test_resumption_makes_the_token_to_be_proven(intake: Intake) -> None:
    intake.connection_seen(raw(spec={"suspend": True}))
    await passed(intake)

    intake.connection_seen(raw(metadata={"generation": 2}))

    assert await passed(intake) == [KEY]


async def test_another_connection_of_the_same_name_begins_anew(intake: Intake) -> None:
    record = await known(intake, WELL)

    intake.connection_seen(raw(metadata={"uid": "another"}))

    assert intake.records.get(KEY) is not record
    assert await passed(intake) == [KEY]


async def test_connection_that_is_gone_is_forgotten(intake: Intake) -> None:
    await known(intake)

    intake.connection_gone(raw())

    assert intake.records.get(KEY) is None
    assert intake.queue.due_of(KEY) is None


async def test_late_word_of_a_former_connection_is_ignored(intake: Intake) -> None:
    record = await known(intake)

    intake.connection_gone(raw(metadata={"uid": "former"}))
    intake.connection_gone(raw(name="unknown"))

    assert intake.records.get(KEY) is record


async def test_connection_that_is_not_as_its_schema_says_is_left(
    intake: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        intake.connection_seen(raw(spec={"auth": None}))

    assert intake.records.get(KEY) is None
    assert "schema" in caplog.text


async def test_spec_that_cannot_be_served_is_refused_from_the_first(intake: Intake) -> None:
    intake.connection_seen(raw(spec={"org": {"loginURL": "https://evil.example"}}))

    record = intake.records.get(KEY)
    assert record is not None
    assert record.spec_problem is not None
    assert record.spec_problem.reason == "HostNotAllowed"


# --- After a start ---


async def start(intake: Intake, *secrets: dict[str, Any], status: Status = WELL) -> None:
    for one in secrets:
        intake.secret_seen(one)
    intake.connection_seen(raw(status))


async def test_connection_that_is_well_is_looked_at_later(
    intake: Intake, clock: SettableClock
) -> None:
    await start(intake, secret(), a_token_secret())

    due = intake.queue.due_of(KEY)
    assert intake.queue.depth == 0
    assert due is not None
    assert clock.monotonic() < due < clock.monotonic() + 1


async def test_first_passes_of_a_fleet_are_spread(intake: Intake, clock: SettableClock) -> None:
    for number in range(200):
        name = f"c{number}"
        status = replace(WELL, auth=None)
        intake.secret_seen(secret(f"{name}-token", annotations={FINGERPRINT: TOKEN}))
        intake.connection_seen(raw(status, name=name))

    dues = [intake.queue.due_of(key_of(f"c{number}")) or 0.0 for number in range(200)]
    assert intake.queue.depth == 0
    assert max(dues) - clock.monotonic() <= 12.0
    assert max(dues) - min(dues) > 6.0


@pytest.mark.parametrize(
    ("secrets", "status"),
    [
        pytest.param([secret()], WELL, id="target is gone"),
        pytest.param([secret(), a_token_secret(fingerprint="x")], WELL, id="target is another"),
        pytest.param([secret(version="13"), a_token_secret()], WELL, id="key is another"),
        pytest.param(
            [secret(), a_token_secret()], replace(WELL, conditions=()), id="was not ready"
        ),
        pytest.param(
            [secret(), a_token_secret()], replace(WELL, observed_generation=7), id="other spec"
        ),
        pytest.param([secret(), a_token_secret()], replace(WELL, token=None), id="no token"),
        pytest.param(
            [secret(), a_token_secret()],
            replace(
                WELL, token=replace(WELL.token, renewal_time=NOON - SECOND) if WELL.token else None
            ),
            id="renewal is due",
        ),
    ],
)
async def test_what_is_not_well_is_looked_at_now(
    intake: Intake, secrets: list[dict[str, Any]], status: Status
) -> None:
    await start(intake, *secrets, status=status)

    assert await passed(intake) == [KEY]


async def test_key_that_changed_while_nobody_watched_is_read_again(intake: Intake) -> None:
    await start(intake, secret(version="13"), a_token_secret())

    record = intake.records.get(KEY)
    assert record is not None
    assert record.known_sources.is_stale


async def test_failure_that_was_announced_is_not_announced_again(intake: Intake) -> None:
    status = raw_status(WELL) | {
        "failure": {
            "class": "Terminal",
            "reason": "UserNotApproved",
            "count": 1,
            "since": "2026-11-23T11:00:00Z",
            "nextAttemptTime": "2026-11-23T12:05:00Z",
        }
    }

    intake.connection_seen(raw() | {"status": status})

    record = intake.records.get(KEY)
    assert record is not None
    mark = failure_mark(FailureClass.TERMINAL, "UserNotApproved")
    record.outbox.announce_once(FAILURE, "UserNotApproved", "Approve the app.", mark=mark)
    assert record.outbox.take() == ()


# --- Secrets ---


async def test_change_of_a_labelled_source_asks_for_a_pass(intake: Intake) -> None:
    record = await known(intake)

    intake.secret_seen(secret())

    assert await passed(intake) == [KEY]
    assert record.known_sources.is_stale


async def test_source_in_the_version_that_was_read_asks_for_nothing(intake: Intake) -> None:
    record = await known(intake)
    record.known_sources.record_refusal({"crm-key": "11"})

    intake.secret_seen(secret())

    assert intake.queue.depth == 0


async def test_cold_connection_compares_sources_with_its_status(intake: Intake) -> None:
    intake.connection_seen(raw(WELL))
    await passed(intake)
    record = intake.records.get(KEY)
    assert record is not None

    seen = []
    for version in ("11", "12"):
        intake.secret_seen(secret(version=version))
        seen.append(record.known_sources.is_stale)

    assert seen == [False, True]


async def test_older_word_about_a_secret_is_ignored(intake: Intake) -> None:
    record = await known(intake)
    intake.secret_seen(secret(version="20"))
    await passed(intake)
    record.known_sources.is_stale = False

    intake.secret_seen(secret(version="20"))
    intake.secret_seen(secret(version="9"))

    assert intake.queue.depth == 0
    assert intake.records.watched[NAMESPACE, "crm-key"].resource_version == "20"


async def test_secret_that_was_made_anew_counts_whatever_its_version(intake: Intake) -> None:
    await known(intake)
    intake.secret_seen(secret(version="20"))
    await passed(intake)

    intake.secret_seen(secret(version="9", uid="another"))

    assert await passed(intake) == [KEY]


@pytest.mark.parametrize(("version", "counts"), [("a2", True), ("a1", False)])
async def test_versions_that_are_no_numbers_differ_or_not(
    intake: Intake, version: str, *, counts: bool
) -> None:
    await known(intake)
    intake.secret_seen(secret(version="a1"))
    await passed(intake)

    intake.secret_seen(secret(version=version))

    assert bool(await passed(intake)) is counts


async def test_source_that_is_gone_is_looked_for(intake: Intake) -> None:
    record = await known(intake)
    intake.secret_seen(secret())
    await passed(intake)
    record.known_sources.is_stale = False

    intake.secret_gone(secret())

    assert await passed(intake) == [KEY]
    assert record.known_sources.is_stale
    assert (NAMESPACE, "crm-key") not in intake.records.watched


async def test_target_that_was_edited_or_deleted_is_stale(intake: Intake) -> None:
    record = await known(intake)

    for tell in (intake.secret_seen, intake.secret_gone):
        record.targets.forget("crm-token")
        record.targets.put_off("crm-token", NOON + HOUR)
        tell(a_token_secret())
        target = record.targets.of("crm-token")
        assert target.is_stale
        assert target.look_again_at is None
        assert await passed(intake) == [KEY]


async def test_echo_of_our_own_write_is_ignored(intake: Intake) -> None:
    record = await known(intake)
    meta = SecretMeta(name="crm-token", uid="uid-crm-token", resource_version="12")
    plan = plan_for(record.connection.targets[0], record.targets.of("crm-token"), seen())
    assert plan is not None
    settled = Settled(plan=plan, meta=meta, at=NOON, is_write=True)
    record.targets.settle("crm-token", settled)

    intake.secret_seen(a_token_secret("12"))
    assert intake.queue.depth == 0

    intake.secret_seen(a_token_secret("13"))
    assert await passed(intake) == [KEY]


async def test_target_that_is_seen_first_is_for_the_first_pass(intake: Intake) -> None:
    intake.connection_seen(raw(WELL))
    await passed(intake)

    intake.secret_seen(a_token_secret())

    assert intake.queue.depth == 0


async def test_secret_that_nobody_names_concerns_nobody(intake: Intake) -> None:
    await known(intake)

    intake.secret_seen(secret("somebody-elses"))
    intake.secret_gone(secret("somebody-elses"))

    assert intake.queue.depth == 0


async def test_secret_without_metadata_is_left(
    intake: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        intake.secret_seen({"metadata": {}})

    assert "cannot be read" in caplog.text
