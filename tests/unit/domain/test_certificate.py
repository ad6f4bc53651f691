"""When the end of a certificate is said."""

from datetime import UTC, datetime, timedelta

import pytest

from support.builders import NOON
from token_operator.domain.certificate import expiry_warning

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("not_after", "warning"),
    [
        pytest.param(None, "", id="no certificate"),
        pytest.param(NOON + 30 * DAY + SECOND, "", id="more than 30 days"),
        pytest.param(NOON + 30 * DAY, "less than 30 days", id="30 days"),
        pytest.param(NOON + 7 * DAY, "less than 7 days", id="7 days"),
        pytest.param(NOON + DAY, "less than 1 day.", id="1 day"),
        pytest.param(NOON, "has expired", id="at its end"),
        pytest.param(datetime(3025, 1, 1, tzinfo=UTC), "", id="in a thousand years"),
    ],
)
def test_end_of_a_certificate_is_said_in_steps(not_after: datetime | None, warning: str) -> None:
    assert warning in expiry_warning(not_after, NOON)
    assert bool(warning) == bool(expiry_warning(not_after, NOON))
