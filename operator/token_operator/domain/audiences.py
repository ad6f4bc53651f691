"""Which audiences to try for an assertion, in which order, and when to try the next.

The login URL is the audience where Salesforce says so. At a My Domain it is not known
beforehand: most orgs take login or test, those of a newer kind the My Domain only.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from token_operator.domain.failures import (
    AppNotFoundError,
    AudienceInvalidError,
    FailureError,
    UserNotApprovedError,
)

# The end of a My Domain, and the end of the login hosts beside it. GovCloud (.mil) has no
# login hosts, and takes the name of the commercial ones.
_MY_DOMAINS: Final = {
    ".my.salesforce.com": "salesforce.com",
    ".my.salesforce.mil": "salesforce.com",
    ".my.sfcrmproducts.cn": "sfcrmproducts.cn",
}
_SANDBOX_MARKS: Final = ("--", ".sandbox.", ".scratch.")
# From what says least about the true cause to what says most: an org that checks the user
# has taken the audience. Any other failure says more than these.
_ABOUT_THE_AUDIENCE: Final = (AudienceInvalidError, AppNotFoundError, UserNotApprovedError)


def candidates(
    login_url: str, audience: str | None, last_worked: str | None = None
) -> tuple[str, ...]:
    """Return the audiences to try, in order, without trailing slashes.

    *audience* is the one that the connection names, and then the only one; *last_worked* goes
    first where it is one of those that *login_url* gives.
    """
    if audience is not None:
        return (audience.rstrip("/"),)
    own = login_url.rstrip("/")
    general = _general(login_url)
    found = (own,) if general is None else (own, general)
    if last_worked is not None and last_worked in found:
        return (last_worked, *(other for other in found if other != last_worked))
    return found


def moves_on(failure: FailureError) -> bool:
    """Whether the next audience may succeed where this one failed."""
    return isinstance(failure, _ABOUT_THE_AUDIENCE)


def to_show(failures: Sequence[FailureError]) -> FailureError:
    """Return the one of *failures*, one or more, that is least about the audience."""
    return max(failures, key=_worth)


def _general(login_url: str) -> str | None:
    """Return the login host that stands for the org of a My Domain; None for other hosts."""
    host = (urlsplit(login_url).hostname or "").lower()
    for ending, domain in _MY_DOMAINS.items():
        if host.endswith(ending):
            is_sandbox = any(mark in host for mark in _SANDBOX_MARKS)
            return f"https://{'test' if is_sandbox else 'login'}.{domain}"
    return None


def _worth(failure: FailureError) -> int:
    kinds = [kind for kind in _ABOUT_THE_AUDIENCE if isinstance(failure, kind)]
    return _ABOUT_THE_AUDIENCE.index(kinds[0]) if kinds else len(_ABOUT_THE_AUDIENCE)
