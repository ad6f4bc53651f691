"""What cannot be served is found before any login."""

from dataclasses import replace

import pytest

from support.builders import a_connection
from token_operator.domain.connection import (
    Connection,
    CreationPolicy,
    Preset,
    Target,
)
from token_operator.domain.failures import FailureError, HostNotAllowedError
from token_operator.domain.spec_problems import spec_problem_of

TARGET = a_connection().targets[0]


def allow(_login_url: str) -> None:
    """Allow every host."""


def forbid(_login_url: str) -> None:
    raise HostNotAllowedError("The host is not allowed.")


def with_target(**changes: object) -> Connection:
    return a_connection(targets=(replace(TARGET, **changes),))  # type: ignore[arg-type] # a table's columns


@pytest.mark.parametrize("preset", Preset)
@pytest.mark.parametrize("policy", CreationPolicy)
def test_every_preset_and_policy_is_served(preset: Preset, policy: CreationPolicy) -> None:
    connection = with_target(presets=(preset,), creation_policy=policy)

    assert spec_problem_of(connection, allow) is None


def test_all_presets_in_one_target_are_served() -> None:
    assert spec_problem_of(with_target(presets=tuple(Preset)), allow) is None


def test_plain_connection_is_served() -> None:
    assert spec_problem_of(a_connection(), allow) is None


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
    refusal = spec_problem_of(a_connection(targets=(target,)), allow)

    assert isinstance(refusal, FailureError)
    assert refusal.reason == reason


def test_host_that_is_not_allowed_is_refused() -> None:
    refusal = spec_problem_of(a_connection(), forbid)

    assert refusal is not None
    assert refusal.reason == "HostNotAllowed"
