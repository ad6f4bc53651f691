"""Whether a renewal that was asked for can begin."""

from typing import Any

import pytest

from support.crd_samples import NOON, a_minimal_connection
from token_operator.cli.plugin.renew import cannot_begin


def a_connection(reason: str, *, stalled: str = "True", generation: int = 3) -> dict[str, Any]:
    raw = a_minimal_connection()
    raw["metadata"] |= {"namespace": "shop", "generation": 3}
    condition = {
        "type": "Stalled",
        "status": stalled,
        "reason": reason,
        "message": "It is so.",
        "observedGeneration": generation,
        "lastTransitionTime": NOON,
    }
    failure = {
        "class": "Terminal",
        "reason": reason,
        "count": 1,
        "since": NOON,
        "nextAttemptTime": NOON,
    }
    raw["status"] = {"conditions": [condition], "failure": failure}
    return raw


@pytest.mark.parametrize(
    ("raw", "is_so"),
    [
        pytest.param(a_connection("SourceSecretMissing"), True, id="source"),
        pytest.param(a_connection("HostNotAllowed"), True, id="spec"),
        pytest.param(a_connection("TargetNotOwned"), False, id="a target keeps no login away"),
        pytest.param(a_connection("SpecInvalid"), False, id="may be of a target"),
        pytest.param(a_connection("UserInactive"), False, id="a login may have ended that"),
        pytest.param(a_connection("SourceSecretMissing", generation=2), False, id="earlier spec"),
        pytest.param(a_connection("SourceSecretMissing", stalled="False"), False, id="over"),
        pytest.param(a_minimal_connection(), False, id="no status"),
    ],
)
def test_renewal_cannot_begin_while_the_spec_or_a_source_waits_for_a_person(
    raw: dict[str, Any], is_so: bool
) -> None:
    assert cannot_begin(raw) is is_so
