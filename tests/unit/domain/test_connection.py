"""A connection as its author asked for it."""

from support.builders import NOON, a_connection
from token_operator.domain.connection import Auth, ConnectionKey
from token_operator.domain.grants import JWTBearer
from token_operator.domain.sources import EntryRef, KeySource


def test_key_is_written_as_kubectl_does() -> None:
    assert str(ConnectionKey("shop", "crm")) == "shop/crm"


def test_source_secrets_are_named_once_and_in_order() -> None:
    auth = Auth(
        consumer_key=EntryRef("crm-app", "consumer-key"),
        grant=JWTBearer(
            username=EntryRef("crm-app", "username"), keys=(KeySource(secret_name="crm-key"),)
        ),
    )

    assert auth.source_names() == ("crm-key", "crm-app")


def test_connection_is_being_deleted_once_that_was_asked_for() -> None:
    assert a_connection(deletion_requested_at=NOON).is_being_deleted
    assert not a_connection().is_being_deleted
