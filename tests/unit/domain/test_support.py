"""What this version cannot serve is found before any login."""

from dataclasses import replace

import pytest

from support.builders import a_connection
from token_operator.domain.connection import (
    Connection,
    CreationPolicy,
    Grant,
    KeyFormat,
    KeySource,
    Preset,
    Target,
    Workload,
)
from token_operator.domain.content import PRESET_ENTRIES
from token_operator.domain.failures import FailureError, HostNotAllowedError
from token_operator.domain.support import refusal_of, unsupported_field

AUTH = a_connection().auth
TARGET = a_connection().targets[0]


def allow(_login_url: str) -> None:
    """Allow every host."""


def forbid(_login_url: str) -> None:
    raise HostNotAllowedError("The host is not allowed.")


def with_key(**changes: object) -> Connection:
    key = replace(AUTH.keys[0], **changes)  # type: ignore[arg-type] # a table's columns
    return a_connection(auth=replace(AUTH, keys=(key,)))


def with_target(**changes: object) -> Connection:
    return a_connection(targets=(replace(TARGET, **changes),))  # type: ignore[arg-type] # as above


@pytest.mark.parametrize(
    ("connection", "field"),
    [
        pytest.param(
            a_connection(auth=replace(AUTH, grant=Grant.CLIENT_CREDENTIALS)),
            "spec.auth.clientCredentials",
            id="grant",
        ),
        pytest.param(
            a_connection(auth=replace(AUTH, keys=(KeySource(secret_name="a"),) * 2)),
            "spec.auth.jwtBearer.keys[1]",
            id="second key",
        ),
        pytest.param(
            with_key(format=KeyFormat.PKCS12),
            "spec.auth.jwtBearer.keys[].format PKCS12",
            id="key store",
        ),
        pytest.param(
            a_connection(restart_workloads=(Workload(kind="Deployment", name="a"),)),
            "spec.restartWorkloads",
            id="restarts",
        ),
        pytest.param(
            with_target(creation_policy=CreationPolicy.MERGE),
            "spec.targets[crm-token].creationPolicy Merge",
            id="policy",
        ),
    ],
)
def test_field_is_refused_by_its_name(connection: Connection, field: str) -> None:
    refusal = refusal_of(connection, allow)

    assert unsupported_field(connection) == field
    assert refusal is not None
    assert refusal.reason == "NotSupportedYet"
    assert field in refusal.message


@pytest.mark.parametrize("preset", Preset)
def test_preset_is_served_or_refused_by_its_name(preset: Preset) -> None:
    connection = with_target(presets=(preset,))

    expected = None if preset in PRESET_ENTRIES else f"spec.targets[crm-token].presets {preset}"

    assert unsupported_field(connection) == expected


def test_plain_connection_is_served() -> None:
    assert refusal_of(a_connection(), allow) is None
    assert refusal_of(with_key(format=KeyFormat.PEM), allow) is None


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        pytest.param(
            Target(secret_name="t", data=(("a", "${password}"),)), "SpecInvalid", id="placeholder"
        ),
        pytest.param(
            Target(
                secret_name="t", presets=(Preset.DEFAULT,), data=(("access_token", "${username}"),)
            ),
            "EntryConflict",
            id="conflict",
        ),
    ],
)
def test_content_that_cannot_be_is_refused(target: Target, reason: str) -> None:
    refusal = refusal_of(a_connection(targets=(target,)), allow)

    assert isinstance(refusal, FailureError)
    assert refusal.reason == reason


def test_host_that_is_not_allowed_is_refused() -> None:
    refusal = refusal_of(a_connection(), forbid)

    assert refusal is not None
    assert refusal.reason == "HostNotAllowed"
