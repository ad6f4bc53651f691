"""The status that a connection should show."""

from dataclasses import replace

import pytest

from support.builders import (
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    a_connection,
    a_failure_record,
    a_state,
    an_org_identity,
    seen,
)
from token_operator.domain.conditions import Situation
from token_operator.domain.failures import FailureClass, NotSupportedYetError
from token_operator.domain.status import FailureStatus, Status
from token_operator.domain.status_from_state import situation_of, status_of
from token_operator.domain.targets.known_target import KnownTarget
from token_operator.domain.targets.known_targets import KnownTargets

WRITTEN = KnownTarget(written_at=NOON, fingerprint="sha256:1", entries=("access_token",))


def a_situation(**changes: object) -> Situation:
    return situation_of(seen(**changes), KnownTargets({"crm-token": WRITTEN}), Status(), None)


@pytest.mark.parametrize(
    ("target", "is_synced"),
    [
        pytest.param(WRITTEN, True, id="written"),
        pytest.param(replace(WRITTEN, look_again_at=NOON), False, id="tried again later"),
    ],
)
def test_targets_are_synced_unless_one_is_tried_again(target: KnownTarget, is_synced: bool) -> None:
    situation = situation_of(seen(), KnownTargets({"crm-token": target}), Status(), None)

    assert situation.targets_synced is is_synced


def test_target_of_which_nothing_is_known_does_not_wait() -> None:
    assert situation_of(seen(), KnownTargets({}), Status(), None).targets_synced


def test_status_shows_token_identity_and_what_was_written() -> None:
    situation = a_situation(state=a_state(api_version="66.0"))

    status = status_of(
        situation, KnownTargets({"b": WRITTEN, "a": WRITTEN, "c": KnownTarget()}), Status()
    )

    assert status.token is not None
    assert status.token.issued_at == NOON
    assert status.identity == an_org_identity()
    assert status.api_version == "66.0"
    assert [one.secret_name for one in status.targets] == ["a", "b"]


def test_token_that_is_not_held_is_still_shown() -> None:
    before = status_of(a_situation(), KnownTargets(), Status(api_version="66.0"))

    status = status_of(a_situation(held=None), KnownTargets(), before)

    assert (status.token, status.identity) == (before.token, before.identity)
    assert status.api_version == before.api_version


def test_failure_of_a_login_is_shown_with_the_time_that_is_left() -> None:
    status = status_of(
        a_situation(state=a_state(login_failure=a_failure_record())), KnownTargets(), Status()
    )

    assert status.failure is not None
    assert status.failure.next_attempt_time == NOON + 10 * SECOND
    assert status.failure.token_safe_until == NOON + HOUR / 2


def test_refusal_begins_when_it_is_first_shown() -> None:
    refusal = NotSupportedYetError("Not yet.")
    first = status_of(a_situation(held=None, spec_problem=refusal), KnownTargets(), Status())

    again = status_of(
        a_situation(held=None, spec_problem=refusal, now=NOON + MINUTE), KnownTargets(), first
    )

    assert again.failure == first.failure
    assert again.failure == FailureStatus(
        failure_class=FailureClass.TERMINAL,
        reason="NotSupportedYet",
        since=NOON,
        next_attempt_time=NOON,
    )


def test_status_is_of_the_generation_that_was_seen() -> None:
    situation = a_situation(connection=a_connection(generation=7))

    assert status_of(situation, KnownTargets({}), Status()).observed_generation == 7
