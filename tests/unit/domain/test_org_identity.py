"""What Salesforce says about the org and the user of a token."""

import pytest

from token_operator.domain.org_identity import is_expected_org


@pytest.mark.parametrize(
    ("expected", "org_id", "is_expected"),
    [
        pytest.param(None, "00Dxx0000001gERAAY", True, id="nothing expected"),
        pytest.param("00Dxx0000001gER", "00Dxx0000001gERAAY", True, id="15 of 18"),
        pytest.param("00Dxx0000001gERAAY", "00Dxx0000001gERAAY", True, id="18"),
        pytest.param("00Dxx0000001gES", "00Dxx0000001gERAAY", False, id="another"),
    ],
)
def test_org_is_expected(expected: str | None, org_id: str, is_expected: bool) -> None:
    assert is_expected_org(expected, org_id) is is_expected
