"""What is shown of the API server's refusal of a write."""

import pytest

from support.builders import MARK, TOKEN_VALUE, a_connection, seen
from token_operator.domain.targets.desired import plan_for
from token_operator.domain.targets.known_target import KnownTarget
from token_operator.domain.targets.plan import Plan
from token_operator.domain.targets.refused_write import MAX_FIELD, RefusedField, refused_write


def a_plan() -> Plan:
    plan = plan_for(a_connection().targets[0], KnownTarget(), seen())
    assert plan is not None
    return plan


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        pytest.param([], "(422 Invalid).", id="no cause"),
        pytest.param([RefusedField("", "")], "(422 Invalid).", id="an empty cause"),
        pytest.param(
            [RefusedField("data", "TooLong")], "(422 Invalid): data (TooLong).", id="both"
        ),
        pytest.param([RefusedField("data", "")], "(422 Invalid): data.", id="a field alone"),
        pytest.param([RefusedField("", "TooLong")], "(422 Invalid): TooLong.", id="a reason alone"),
        pytest.param(
            [RefusedField("a", "x"), RefusedField("b", "y")],
            "(422 Invalid): a (x); b (y).",
            id="two",
        ),
    ],
)
def test_fields_and_reasons_are_named(fields: list[RefusedField], told: str) -> None:
    failure = refused_write(a_plan(), "422 Invalid", fields)

    assert failure.reason == "TargetRefused"
    assert str(failure) == f"The API server refused Secret crm-token {told}"


def test_content_of_the_target_is_masked() -> None:
    field = RefusedField(f"data[{TOKEN_VALUE}]", f"Bad{TOKEN_VALUE}")

    failure = refused_write(a_plan(), "422 Invalid", [field])

    assert MARK not in failure.sentence()
    assert "data[***] (Bad***)" in str(failure)


def test_message_is_bounded() -> None:
    fields = [RefusedField("x" * 5000, "y" * 5000)] * 100

    assert len(str(refused_write(a_plan(), "422 Invalid", fields))) < 12 * MAX_FIELD
