"""Whether targets should hold the token."""

import pytest

from support.builders import (
    HOUR,
    NOON,
    OTHER_IDENTITY,
    a_failure_record,
    a_held_token,
    a_state,
    a_token,
    seen,
    token_settings,
)
from token_operator.domain.connection import ExpiredPolicy
from token_operator.domain.failures import FailureClass, NotSupportedYetError
from token_operator.domain.observation import Observation
from token_operator.domain.targets.token_policy import entries_must_go, token_may_be_written
from token_operator.domain.token import ExpirySource

REMOVE = token_settings(expired_policy=ExpiredPolicy.REMOVE)
DEAD = a_held_token(dead_since=NOON)
FIXED = a_held_token(token=a_token(fixed_expiry=NOON, expiry_source=ExpirySource.RESPONSE))
TERMINAL = a_failure_record(failure_class=FailureClass.TERMINAL)


@pytest.mark.parametrize(
    ("observation", "go"),
    [
        pytest.param(seen(held=None), False, id="nothing held"),
        pytest.param(seen(held=DEAD), False, id="dead, Keep"),
        pytest.param(seen(held=DEAD, settings=REMOVE), True, id="dead, Remove"),
        pytest.param(seen(settings=REMOVE), False, id="alive, Remove"),
        pytest.param(seen(held=FIXED, settings=REMOVE), True, id="fixed expiry passed, Remove"),
        pytest.param(seen(settings=REMOVE, now=NOON + 2 * HOUR), False, id="configured expiry"),
        pytest.param(seen(identity_hash=OTHER_IDENTITY), False, id="another identity, trying"),
        pytest.param(
            seen(identity_hash=OTHER_IDENTITY, now=NOON + HOUR),
            True,
            id="another identity, expired",
        ),
        pytest.param(
            seen(identity_hash=OTHER_IDENTITY, state=a_state(login_failure=a_failure_record())),
            False,
            id="another identity, transient failure",
        ),
        pytest.param(
            seen(identity_hash=OTHER_IDENTITY, state=a_state(login_failure=TERMINAL)),
            True,
            id="another identity, terminal failure",
        ),
        pytest.param(
            seen(identity_hash=OTHER_IDENTITY, state=a_state(source_failure=TERMINAL)),
            True,
            id="another identity, unusable key",
        ),
        pytest.param(
            seen(identity_hash=OTHER_IDENTITY, spec_problem=NotSupportedYetError("Not yet.")),
            True,
            id="another identity, refused spec",
        ),
        pytest.param(seen(spec_problem=NotSupportedYetError("Not yet.")), False, id="refused spec"),
    ],
)
def test_entries_go(observation: Observation, go: bool) -> None:
    assert entries_must_go(observation) is go


@pytest.mark.parametrize(
    ("observation", "may"),
    [
        pytest.param(seen(), True, id="alive"),
        pytest.param(seen(held=None), False, id="nothing"),
        pytest.param(seen(held=DEAD), False, id="dead"),
        pytest.param(seen(identity_hash=OTHER_IDENTITY), False, id="another identity"),
    ],
)
def test_token_may_be_written(observation: Observation, may: bool) -> None:
    assert token_may_be_written(observation) is may
