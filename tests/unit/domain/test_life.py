"""The instants in the life of a token."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from support.builders import HOUR, MINUTE, NOON, SECOND, UID, a_held_token, a_token, token_settings
from token_operator.domain import life
from token_operator.domain.life import HeldToken
from token_operator.domain.token import ExpirySource

EXP = NOON + 2 * HOUR
CONFIGURED = a_held_token(login_at=NOON + 10 * MINUTE, proof_at=NOON + 20 * MINUTE)
FIXED = a_held_token(
    token=a_token(fixed_expiry=EXP, expiry_source=ExpirySource.TOKEN_CLAIM),
    login_at=NOON + 10 * MINUTE,
    proof_at=NOON + 20 * MINUTE,
)
SETTINGS = token_settings()


@pytest.mark.parametrize(
    ("held", "life_time", "expires", "shown", "safe"),
    [
        pytest.param(
            CONFIGURED,
            HOUR,
            NOON + 80 * MINUTE,
            NOON + 70 * MINUTE,
            NOON + 50 * MINUTE,
            id="configured: from proof, from login, half from proof",
        ),
        pytest.param(FIXED, 2 * HOUR, EXP, EXP, EXP, id="fixed: as Salesforce told"),
    ],
)
def test_instants_follow_the_source_of_the_expiry(
    held: HeldToken, life_time: timedelta, expires: datetime, shown: datetime, safe: datetime
) -> None:
    assert life.life_of(held, SETTINGS) == life_time
    assert life.expires_at(held, SETTINGS) == expires
    assert life.shown_expiry(held, SETTINGS) == shown
    assert life.safe_until(held, SETTINGS) == safe


@pytest.mark.parametrize("held", [CONFIGURED, FIXED], ids=["configured", "fixed"])
def test_doubted_token_is_safe_until_its_last_proof_alone(held: HeldToken) -> None:
    assert life.safe_until(replace(held, is_doubted=True), SETTINGS) == held.proof_at


def test_life_that_was_over_at_the_start_is_a_second() -> None:
    held = replace(FIXED, issued_at=EXP + HOUR)

    assert life.life_of(held, SETTINGS) == SECOND


def test_renewal_counts_from_the_login_to_the_end_that_was_told_with_it() -> None:
    share = life.renewal_share(SETTINGS, UID)

    assert abs(
        life.renewal_time(CONFIGURED, SETTINGS, UID) - CONFIGURED.login_at - HOUR * share
    ) < (SECOND)
    left = EXP - FIXED.login_at
    assert abs(life.renewal_time(FIXED, SETTINGS, UID) - FIXED.login_at - left * share) < SECOND


def test_token_that_comes_unchanged_is_renewed_at_its_expiry() -> None:
    assert life.renewal_time(replace(FIXED, comes_unchanged=True), SETTINGS, UID) == EXP


@pytest.mark.parametrize(
    ("asked", "lifetime", "effective"),
    [
        pytest.param(5 * MINUTE, HOUR, 5 * MINUTE, id="as asked"),
        pytest.param(24 * HOUR, HOUR, 5 * MINUTE, id="at most a twelfth of the life"),
        pytest.param(5 * SECOND, HOUR, 5 * SECOND, id="the smallest"),
        pytest.param(5 * MINUTE, 12 * SECOND, 5 * SECOND, id="never below the smallest"),
        pytest.param(timedelta(), HOUR, None, id="off"),
    ],
)
def test_verification_interval(
    asked: timedelta, lifetime: timedelta, effective: timedelta | None
) -> None:
    settings = token_settings(verify_interval=asked, lifetime=lifetime)

    assert life.verify_interval(CONFIGURED, settings) == effective


@pytest.mark.parametrize(
    ("held", "now", "alive"),
    [
        pytest.param(CONFIGURED, NOON + 79 * MINUTE, True, id="before the expiry"),
        pytest.param(CONFIGURED, NOON + 80 * MINUTE, False, id="at the expiry"),
        pytest.param(replace(CONFIGURED, dead_since=NOON), NOON, False, id="called dead"),
    ],
)
def test_token_is_taken_to_work(
    held: HeldToken,
    now: datetime,
    alive: bool,
) -> None:
    assert life.is_alive(held, SETTINGS, now) is alive


@pytest.mark.parametrize(
    ("held", "now", "passed"),
    [
        pytest.param(FIXED, EXP, True, id="fixed, at its end"),
        pytest.param(FIXED, EXP - SECOND, False, id="fixed, before"),
        pytest.param(CONFIGURED, EXP, False, id="configured never"),
    ],
)
def test_fixed_expiry_passes(
    held: HeldToken,
    now: datetime,
    passed: bool,
) -> None:
    assert life.reported_expiry_has_passed(held, token_settings(), now) is passed


def test_instants_are_shown_to_the_second() -> None:
    assert life.whole_second(NOON + timedelta(milliseconds=600)) == NOON + SECOND


def test_share_of_a_uid_is_always_the_same() -> None:
    assert life.share_of(UID) == life.share_of(UID)
    assert 0 <= life.share_of(UID) < 1
