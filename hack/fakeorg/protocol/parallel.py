"""Two requests with one refresh token at once: only the first of them is processed.

A request is being processed from its arrival until its work is done, which takes the org's
`refresh_takes` of real time, or as long as a fault lets it hang. After that, late or lost as its
answer may be, the refresh token can be used again.
"""

from fakeorg.model.exchange import Call
from fakeorg.model.org import Org


def begin(call: Call, org: Org | None) -> bool:
    """Record that a refresh begins, or return False if another with its token goes on."""
    token = refresh_token_of(call)
    return org is None or token is None or org.in_processing.setdefault(token, call) is call


def end(call: Call, org: Org | None) -> None:
    """Record that a refresh has ended; nothing happens if it never began or has ended before."""
    token = refresh_token_of(call)
    if org is not None and token is not None and org.in_processing.get(token) is call:
        del org.in_processing[token]


def seconds_of_work(call: Call, org: Org | None) -> float:
    """Return how long a call is worked on, in seconds of real time."""
    if org is None or refresh_token_of(call) is None:
        return 0
    return org.settings.refresh_takes.total_seconds()


def refresh_token_of(call: Call) -> str | None:
    """Return the token of a refresh; None for any other call."""
    is_refresh = call.method == "POST" and call.form.get("grant_type") == "refresh_token"
    return (call.form.get("refresh_token") or None) if is_refresh else None
