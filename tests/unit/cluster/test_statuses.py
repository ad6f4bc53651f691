"""The status, from its raw form and back."""

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from support.builders import HOUR, MINUTE, NOON
from support.fake_api import merge
from token_operator.cluster.statuses import ReportedStatus, raw_status, status_from
from token_operator.domain.connection import DeletionPolicy
from token_operator.domain.failures import FailureClass
from token_operator.domain.instants import rfc3339
from token_operator.domain.org_identity import OrgIdentity
from token_operator.domain.status import (
    AuthStatus,
    Condition,
    FailureStatus,
    Status,
    TargetStatus,
    TokenStatus,
)
from token_operator.domain.timeline import UNMOVED, Timeline
from token_operator.domain.token import ExpirySource

FULL = Status(
    observed_generation=3,
    conditions=(
        Condition(
            type="Ready",
            status="True",
            reason="TokenCurrent",
            message="The targets hold a working token.",
            observed_generation=3,
            last_transition_time=NOON,
        ),
    ),
    token=TokenStatus(
        issued_at=NOON,
        expires_at=NOON + HOUR,
        expiry_source=ExpirySource.TOKEN_CLAIM,
        renewal_time=NOON + 34 * MINUTE,
        verified_at=NOON + MINUTE,
        fingerprint="sha256:9f2c41d0c3a1b2e4",
        identity_hash="sha256:77aa01c2d3e4f506",
        scopes=("api", "id"),
    ),
    identity=OrgIdentity(
        instance_url="https://acme.my.salesforce.com",
        org_id="00Dxx0000001gERAAY",
        user_id="005xx000001SwiUAAS",
        username="integration@acme.example",
        identity_url="https://login.salesforce.com/id/1/2",
        community_url="https://acme.my.site.com",
        api_instance_url="https://api.salesforce.com",
        token_type="Bearer",
    ),
    api_version="66.0",
    auth=AuthStatus(
        grant="JWTBearer",
        audience="https://login.salesforce.com",
        key_secret_name="crm-key",
        key_entry="tls.key",
        key_fingerprint="SHA256:3q2+7w",
        certificate_not_after=NOON + 24 * HOUR,
        source_versions=(("crm-app", "12"), ("crm-key", "11")),
    ),
    failure=FailureStatus(
        failure_class=FailureClass.TRANSIENT,
        reason="SalesforceUnavailable",
        count=2,
        since=NOON,
        next_attempt_time=NOON + MINUTE,
        token_safe_until=NOON + HOUR / 2,
    ),
    targets=(
        TargetStatus(
            secret_name="crm-token",
            fingerprint="sha256:9f2c41d0c3a1b2e4",
            written_at=NOON,
            entries=("access_token", "instance_url"),
        ),
        TargetStatus(
            secret_name="theirs",
            fingerprint="sha256:9f2c41d0c3a1b2e4",
            written_at=NOON,
            entries=("access_token",),
            deletion_policy=DeletionPolicy.RETAIN,
        ),
    ),
    last_handled_renew_request="1763892000",
)
BARE = Status(
    observed_generation=3,
    token=replace(FULL.token, verified_at=None, scopes=()) if FULL.token else None,
    identity=OrgIdentity(instance_url="https://acme.my.salesforce.com"),
    auth=AuthStatus(grant="JWTBearer"),
    failure=replace(FULL.failure, token_safe_until=None) if FULL.failure else None,
    targets=(TargetStatus(secret_name="crm-token"),),
)


RENEW_ABSENT: Final = {"last_handled_renew_request": ""}
STATUSES: Final = [
    pytest.param(FULL, id="full"),
    pytest.param(BARE, id="bare"),
    pytest.param(Status(), id="empty"),
]
CRM: Final[dict[str, Any]] = {"metadata": {"resourceVersion": "7"}}


def stored(status: Status) -> dict[str, Any]:
    """Return a connection that holds *status*."""
    return CRM | {"status": raw_status(status)}


def changed(raw: dict[str, Any], patch: dict[str, Any], version: str = "8") -> dict[str, Any]:
    """Return the connection after a merge patch of its status."""
    after: dict[str, Any] = merge(raw, {"metadata": {"resourceVersion": version}, "status": patch})
    return after


@pytest.mark.parametrize("status", STATUSES)
def test_status_comes_back_as_it_was_written(status: Status) -> None:
    assert status_from(stored(status)) == status


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("before", STATUSES)
def test_patch_makes_one_status_of_another(status: Status, before: Status) -> None:
    reported = ReportedStatus.read(stored(before))

    patch = reported.begin_write(status)

    assert changed(stored(before), patch)["status"] == raw_status(status)
    assert bool(patch) is (status != before)


@pytest.mark.parametrize("status", STATUSES)
def test_status_comes_back_after_a_step_of_the_wall_clock(status: Status) -> None:
    raw = CRM | {"status": raw_status(status, Timeline(-HOUR))}

    assert status_from(raw, Timeline(-HOUR)) == status


def test_instants_are_shown_by_the_wall_clock_but_for_those_that_others_set() -> None:
    raw = raw_status(FULL, Timeline(HOUR))

    assert raw["token"]["issuedAt"] == rfc3339(NOON + HOUR)
    assert raw["conditions"][0]["lastTransitionTime"] == rfc3339(NOON + HOUR)
    assert raw["targets"][0]["writtenAt"] == rfc3339(NOON + HOUR)
    assert raw["auth"]["certificateNotAfter"] == rfc3339(NOON + 24 * HOUR)


def test_step_of_the_wall_clock_is_worth_a_write() -> None:
    reported = ReportedStatus.read(stored(FULL))
    assert not reported.is_worth_writing(FULL, UNMOVED)
    assert reported.is_worth_writing(FULL, Timeline(HOUR))

    reported.end_write(FULL, {}, Timeline(HOUR))

    assert not reported.is_worth_writing(FULL, Timeline(HOUR))


def test_status_is_read_when_it_is_first_seen() -> None:
    assert ReportedStatus.read(stored(FULL)).status == FULL
    assert ReportedStatus.read(CRM).status == Status()


def test_status_holds_no_null_and_nothing_empty_but_of_a_target() -> None:
    assert raw_status(BARE)["targets"] == [
        {"secretName": "crm-token", "fingerprint": "", "entries": []}
    ]
    assert "scopes" not in raw_status(BARE)["token"]
    assert "null" not in json.dumps([raw_status(BARE), raw_status(FULL), raw_status(Status())])


def test_write_sends_only_what_changes() -> None:
    reported = ReportedStatus.read(stored(FULL))

    patch = reported.begin_write(replace(FULL, observed_generation=4, failure=None))

    assert patch == {"observedGeneration": 4, "failure": None}


def test_write_sets_right_what_somebody_else_changed() -> None:
    reported = ReportedStatus.read(stored(FULL))
    edited = {"token": None, "identity": {"orgID": "00D"}, "auth": {"sourceVersions": {"x": "1"}}}
    reported.see(changed(stored(FULL), edited))

    patch = reported.begin_write(FULL)

    raw = raw_status(FULL)
    assert patch == {
        "token": raw["token"],
        "identity": {"orgID": raw["identity"]["orgID"]},
        "auth": {"sourceVersions": {"x": None}},
    }


def test_answer_to_a_write_is_what_the_next_one_changes() -> None:
    reported = ReportedStatus.read(stored(FULL))
    patch = reported.begin_write(BARE)

    reported.end_write(BARE, changed(stored(FULL), patch))

    assert reported.status == BARE
    assert reported.begin_write(BARE) == {}


def test_earlier_version_that_a_watch_shows_late_changes_nothing() -> None:
    reported = ReportedStatus.read(stored(FULL))
    reported.end_write(BARE, changed(stored(FULL), reported.begin_write(BARE), version="9"))

    reported.see(changed(stored(FULL), {}, version="8"))

    assert reported.begin_write(BARE) == {}


@pytest.mark.parametrize("outcome", [FULL, BARE], ids=["not written", "written"])
@pytest.mark.parametrize("status", STATUSES)
def test_write_after_one_without_an_answer_sends_everything(
    outcome: Status, status: Status
) -> None:
    reported = ReportedStatus.read(stored(FULL))
    reported.begin_write(BARE)

    patch = reported.begin_write(status)

    assert changed(stored(outcome), patch)["status"] == raw_status(status)
    assert changed(CRM, patch)["status"] == raw_status(status)


def test_answer_without_a_status_leaves_it_unknown() -> None:
    reported = ReportedStatus.read(stored(FULL))
    reported.begin_write(BARE)

    reported.end_write(BARE, {})

    assert reported.status == BARE
    assert reported.begin_write(BARE) != {}


@pytest.mark.parametrize(
    ("patch", "changes"),
    [
        pytest.param({"token": {"issuedAt": "soon"}}, {"token": None}, id="no instant"),
        pytest.param({"token": {"expiresAt": None}}, {"token": None}, id="no expiry"),
        pytest.param({"token": {"renewalTime": ""}}, {"token": None}, id="no renewal time"),
        pytest.param({"failure": {"class": "Odd"}}, {"failure": None}, id="unknown class"),
        pytest.param({"failure": {"since": None}}, {"failure": None}, id="no since"),
        pytest.param({"failure": {"nextAttemptTime": None}}, {"failure": None}, id="no next"),
        pytest.param({"conditions": [{"type": "Ready"}]}, {"conditions": ()}, id="no transition"),
        pytest.param({"conditions": "none"}, {"conditions": ()}, id="no list"),
        pytest.param({"observedGeneration": -1}, {"observed_generation": 0}, id="not seen yet"),
        pytest.param({"lastHandledRenewRequest": 7}, RENEW_ABSENT, id="no text"),
        pytest.param({"token": "none"}, {"token": None}, id="no map"),
    ],
)
def test_part_that_cannot_be_read_is_absent(patch: dict[str, Any], changes: dict[str, Any]) -> None:
    raw = changed(stored(FULL), patch)

    assert status_from(raw) == replace(FULL, **changes)


def test_unknown_expiry_source_is_taken_as_configured() -> None:
    raw = merge(stored(FULL), {"status": {"token": {"expirySource": "Oracle"}}})

    token = status_from(raw).token

    assert token is not None
    assert token.expiry_source is ExpirySource.CONFIGURED


def test_connection_without_status_has_an_empty_one() -> None:
    assert status_from({}) == Status()
