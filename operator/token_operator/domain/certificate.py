"""When the certificate of a key ends, and when that is said.

Salesforce goes on accepting logins after the expiry, so it is a warning and
never a failure.
"""

from datetime import datetime, timedelta
from typing import Final

# Days before the expiry at which it is said, the nearest first.
WARNING_DAYS: Final = (1, 7, 30)


def expiry_warning(not_after: datetime | None, now: datetime) -> str:
    """Return a sentence about a certificate that ends soon or has ended; empty otherwise.

    The sentence changes at 30, 7 and 1 days before the expiry, and at it.
    """
    if not_after is None:
        return ""
    left = not_after - now
    if left <= timedelta():
        return "The certificate of the key has expired; Salesforce still accepts it."
    for days in WARNING_DAYS:
        if left <= timedelta(days=days):
            unit = "day" if days == 1 else "days"
            return f"The certificate of the key expires in less than {days} {unit}."
    return ""
