"""All connections in memory, and which Secrets concern which of them."""

from dataclasses import replace
from typing import Any

from support.builders import a_connection, a_held_token, a_state, a_token
from support.parts import key_of
from token_operator.cluster.statuses import ReportedStatus
from token_operator.domain.connection import Connection, Target
from token_operator.domain.grants import JWTBearer
from token_operator.domain.lifecycle import Lifecycle
from token_operator.domain.sources import KeySource
from token_operator.domain.status import Status, TokenStatus
from token_operator.domain.token import ExpirySource
from token_operator.reconcile.record import Record
from token_operator.reconcile.records import Records


def a_record(connection: Connection | None = None, **changes: Any) -> Record:
    plain: dict[str, Any] = {
        "connection": connection or a_connection(),
        "resource_version": "1",
    }
    return Record(**(plain | changes))


def test_record_is_found_by_its_secrets() -> None:
    records = Records()
    records.put(a_record())

    assert records.reading(("shop", "crm-key")) == {key_of()}
    assert records.writing(("shop", "crm-token")) == {key_of()}
    assert records.reading(("other", "crm-key")) == frozenset()
    assert records.get(key_of()) is not None


def test_indexes_follow_a_change_of_the_spec() -> None:
    records = Records()
    records.put(a_record())

    auth = replace(
        a_connection().auth,
        grant=JWTBearer(username="u", keys=(KeySource(secret_name="new-key"),)),
    )
    changed = a_connection(auth=auth, targets=(Target(secret_name="new-token"),))
    records.put(a_record(changed))

    assert records.reading(("shop", "crm-key")) == frozenset()
    assert records.writing(("shop", "crm-token")) == frozenset()
    assert records.reading(("shop", "new-key")) == {key_of()}
    assert records.writing(("shop", "new-token")) == {key_of()}


def test_shared_secret_concerns_the_others_when_one_goes() -> None:
    records = Records()
    records.put(a_record())
    records.put(a_record(replace(a_connection(), key=key_of("other"))))

    dropped = records.drop(key_of())

    assert dropped is not None
    assert records.reading(("shop", "crm-key")) == {key_of("other")}
    assert records.drop(key_of()) is None


def test_token_is_shared_with_who_holds_it_or_shows_it() -> None:
    records = Records()
    held = a_held_token()
    fingerprint = held.token.fingerprint
    shown = TokenStatus(
        issued_at=held.issued_at,
        expires_at=held.issued_at,
        expiry_source=ExpirySource.CONFIGURED,
        renewal_time=held.issued_at,
        verified_at=None,
        fingerprint=fingerprint,
        identity_hash="",
    )
    records.put(a_record(lifecycle=Lifecycle(a_state())))
    assert not records.is_shared(key_of(), fingerprint)

    records.put(
        a_record(
            replace(a_connection(), key=key_of("b")), reported=ReportedStatus(Status(token=shown))
        )
    )
    assert records.is_shared(key_of(), fingerprint)
    assert records.is_shared(key_of("b"), fingerprint)
    assert not records.is_shared(key_of(), a_token("another").fingerprint)


def test_records_may_be_dropped_while_they_are_looked_through() -> None:
    records = Records()
    for name in "abc":
        records.put(a_record(replace(a_connection(), key=key_of(name))))

    for record in records:
        records.drop(record.key)

    assert not records.by_key
