"""The status, from its raw form and back."""

from dataclasses import replace
from typing import Any

import pytest

from support.builders import HOUR, MINUTE, NOON
from support.fake_api import merge
from token_operator.cluster.statuses import raw_status, status_from
from token_operator.domain.connection import DeletionPolicy
from token_operator.domain.failures import FailureClass
from token_operator.domain.status import (
    AuthStatus,
    Condition,
    FailureStatus,
    IdentityStatus,
    Status,
    TargetStatus,
    TokenStatus,
)
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
        identity="sha256:77aa01c2d3e4f506",
        scopes=("api", "id"),
    ),
    identity=IdentityStatus(
        instance_url="https://acme.my.salesforce.com",
        org_id="00Dxx0000001gERAAY",
        user_id="005xx000001SwiUAAS",
        username="integration@acme.example",
        identity_url="https://login.salesforce.com/id/1/2",
        community_url="https://acme.my.site.com",
        api_instance_url="https://api.salesforce.com",
        token_type="Bearer",
        api_version="66.0",
    ),
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
    identity=IdentityStatus(instance_url="https://acme.my.salesforce.com"),
    auth=AuthStatus(grant="JWTBearer"),
    failure=replace(FULL.failure, token_safe_until=None) if FULL.failure else None,
    targets=(TargetStatus(secret_name="crm-token"),),
)


def stored(status: Status, before: Status | None = None) -> dict[str, Any]:
    """Return a connection after *status* was written upon *before*."""
    was = before or Status()
    raw = merge({}, {"status": raw_status(was, Status())})
    merged: dict[str, Any] = merge(raw, {"status": raw_status(status, was)})
    return merged


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(FULL, id="all there is"),
        pytest.param(BARE, id="what must be there"),
        pytest.param(Status(), id="nothing"),
    ],
)
@pytest.mark.parametrize("before", [Status(), FULL, BARE], ids=["new", "upon all", "upon little"])
def test_status_comes_back_as_it_was_written(status: Status, before: Status) -> None:
    assert status_from(stored(status, before)) == status


def test_what_is_absent_is_null_in_the_patch() -> None:
    raw = raw_status(Status(), FULL)

    assert {name for name, value in raw.items() if value is None} == {
        "token",
        "identity",
        "auth",
        "failure",
        "targets",
        "lastHandledRenewRequest",
    }
    assert raw["conditions"] == []


def test_no_member_of_a_list_is_null() -> None:
    raw = raw_status(BARE, FULL)

    members = [*raw["conditions"], *raw["targets"]]
    assert all(value is not None for member in members for value in member.values())


def test_version_of_a_source_that_is_no_longer_one_goes() -> None:
    assert FULL.auth is not None
    renamed = replace(FULL, auth=replace(FULL.auth, source_versions=(("new-key", "20"),)))

    raw = stored(renamed, FULL)

    assert raw["status"]["auth"]["sourceVersions"] == {"new-key": "20"}


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
    ],
)
def test_part_that_cannot_be_read_is_absent(patch: dict[str, Any], changes: dict[str, Any]) -> None:
    raw = merge(stored(FULL), {"status": patch})

    assert status_from(raw) == replace(FULL, **changes)


def test_unknown_expiry_source_is_taken_as_configured() -> None:
    raw = merge(stored(FULL), {"status": {"token": {"expirySource": "Oracle"}}})

    token = status_from(raw).token

    assert token is not None
    assert token.expiry_source is ExpirySource.CONFIGURED


def test_connection_without_status_has_an_empty_one() -> None:
    assert status_from({}) == Status()
