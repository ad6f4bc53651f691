"""What is shown of connections: one row of the table, or a whole report."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from token_operator.cli.plugin.cluster import Raw
from token_operator.cli.plugin.output import dated, indented, relative, table
from token_operator.cli.plugin.remedies import remedy_for
from token_operator.cluster.durations import instant
from token_operator.cluster.statuses import status_from
from token_operator.domain.conditions import READY
from token_operator.domain.failures import FailureClass
from token_operator.domain.instants import rfc3339
from token_operator.domain.status import Condition, FailureStatus, Status

_HEADER = (
    "NAMESPACE",
    "NAME",
    "READY",
    "REASON",
    "ORG",
    "EXPIRES",
    "RENEWS",
    "KEY EXPIRES",
)


def is_ready(raw: Raw) -> bool:
    """Whether the connection is Ready, by a status that knows its present spec."""
    status = status_from(raw)
    ready = status.condition(READY)
    is_current = status.observed_generation == raw["metadata"].get("generation", 0)
    return ready is not None and ready.status == "True" and is_current


def table_of(found: Sequence[Raw], now: datetime) -> str:
    """Return one row for each connection, with a header."""
    return table(_HEADER, [row(raw, now) for raw in found])


def row(raw: Raw, now: datetime | None) -> tuple[str, ...]:
    """Return the cells of one connection; without *now* the instants as they are."""
    status, metadata = status_from(raw), raw["metadata"]
    ready, token, auth = status.condition(READY), status.token, status.auth
    return (
        metadata["namespace"],
        metadata["name"],
        ready.status if ready else "Unknown",
        ready.reason if ready else "NotYetSeen",
        status.identity.instance_url if status.identity else "",
        _cell(token.expires_at if token else None, now),
        _cell(token.renewal_time if token else None, now),
        _cell(auth.certificate_not_after if auth else None, now),
    )


def _cell(at: datetime | None, now: datetime | None) -> str:
    if at is None:
        return ""
    return rfc3339(at) if now is None else relative(at, now)


def report(raw: Raw, events: Sequence[Raw], now: datetime) -> str:
    """Return everything worth knowing of one connection."""
    status, metadata = status_from(raw), raw["metadata"]
    ready = status.condition(READY)
    lines = [
        f"{metadata['namespace']}/{metadata['name']}: {_headline(ready)}",
        *_suspended(raw),
        *_unseen(raw, status),
        *_conditions(status, now),
        *_failure(status, now),
        *_token(status, now),
        *_identity(status),
        *_auth(status, now),
        *_targets(status, now),
        *_events(events, now),
    ]
    return "\n".join(lines)


def _headline(ready: Condition | None) -> str:
    if ready is None:
        return "not yet observed by an operator"
    word = {"True": "Ready", "False": "not Ready"}.get(ready.status, "unknown")
    return f"{word} ({ready.reason})"


def _suspended(raw: Raw) -> Iterator[str]:
    if raw["spec"].get("suspend"):
        yield "  Suspended: the operator does not log in or write (spec.suspend)."


def _unseen(raw: Raw, status: Status) -> Iterator[str]:
    if status.observed_generation != raw["metadata"].get("generation", 0):
        yield "  The operator has not yet observed the current spec."


def _conditions(status: Status, now: datetime) -> Iterator[str]:
    if status.conditions:
        yield "Conditions:"
    for one in status.conditions:
        since = relative(one.last_transition_time, now)
        yield f"  {one.type}: {one.status} {one.reason} (since {since.removesuffix(' ago')})"
        yield indented(one.message)


def _failure(status: Status, now: datetime) -> Iterator[str]:
    failure = status.failure
    if failure is None:
        return
    yield f"Failure: {failure.reason} ({failure.failure_class.value})"
    yield f"  Seen: {failure.count} times since {dated(failure.since, now)}"
    yield f"  Next attempt: {dated(failure.next_attempt_time, now)}"
    yield f"  Token safe until: {dated(failure.token_safe_until, now)}"
    yield f"  Remedy: {_remedy(failure)}"


def _remedy(failure: FailureStatus) -> str:
    remedy = remedy_for(failure.reason)
    if remedy or failure.failure_class is FailureClass.TERMINAL:
        return remedy or "See the message above."
    return "The operator retries automatically."


def _token(status: Status, now: datetime) -> Iterator[str]:
    token = status.token
    if token is None:
        return
    yield f"Token: {token.fingerprint}"
    yield f"  Issued: {dated(token.issued_at, now)}"
    yield f"  Expires: {dated(token.expires_at, now)}, known by: {token.expiry_source.value}"
    yield f"  Renews: {dated(token.renewal_time, now)}"
    yield f"  Verified: {dated(token.verified_at, now)}"
    if token.scopes:
        yield f"  Scopes: {' '.join(token.scopes)}"


def _identity(status: Status) -> Iterator[str]:
    identity = status.identity
    if identity is None:
        return
    yield f"Org: {identity.org_id or '-'} at {identity.instance_url or '-'}"
    yield f"  User: {identity.username or identity.user_id or '-'}"
    yield f"  API version: {status.api_version or '-'}"


def _auth(status: Status, now: datetime) -> Iterator[str]:
    auth = status.auth
    if auth is None:
        return
    yield f"Login: {auth.grant}"
    if auth.audience:
        yield f"  Audience: {auth.audience}"
    if auth.key_secret_name:
        yield f"  Key: entry {auth.key_entry} of Secret {auth.key_secret_name}"
        yield f"  Key fingerprint: {auth.key_fingerprint or '-'}"
        yield f"  Certificate expires: {dated(auth.certificate_not_after, now)}"


def _targets(status: Status, now: datetime) -> Iterator[str]:
    if status.targets:
        yield "Targets:"
    for one in status.targets:
        written = f"written {dated(one.written_at, now)}" if one.written_at else "not written"
        yield f"  {one.secret_name}: {written}"
        if one.entries:
            yield indented(f"entries {', '.join(one.entries)}")


def _events(events: Sequence[Raw], now: datetime) -> Iterator[str]:
    if events:
        yield "Last events:"
    for one in events:
        at = relative(instant(one.get("lastTimestamp")), now)
        yield f"  {at}: {one.get('type', '')} {one.get('reason', '')}"
        yield indented(str(one.get("message", "")))
