"""What stands for the login URL, app, user and org that a connection names."""

from dataclasses import replace

import pytest

from support.builders import a_connection
from token_operator.domain.connection import Connection, Org
from token_operator.domain.grants import ClientCredentials
from token_operator.domain.identity_hash import identity_hash
from token_operator.domain.sources import EntryRef

PLAIN = identity_hash(a_connection(), consumer_key="k", user="u")
CLIENT_CREDENTIALS = ClientCredentials(consumer_secret=EntryRef("crm-app", "secret"))


def test_hash_of_a_connection_stays_what_it_was_in_earlier_releases() -> None:
    assert PLAIN == "sha256:6aa89c118cc8f2d6"


def test_hash_has_the_form_of_a_fingerprint() -> None:
    assert PLAIN.startswith("sha256:")
    assert len(PLAIN) == len("sha256:") + 16


@pytest.mark.parametrize(
    ("connection", "consumer_key", "user"),
    [
        pytest.param(a_connection(org=Org(login_url="https://a.example")), "k", "u", id="login"),
        pytest.param(a_connection(org=Org(expected_org_id="00D")), "k", "u", id="expected org"),
        pytest.param(
            a_connection(auth=replace(a_connection().auth, grant=CLIENT_CREDENTIALS)),
            "k",
            "u",
            id="grant",
        ),
        pytest.param(a_connection(), "other", "u", id="consumer key"),
        pytest.param(a_connection(), "k", "other", id="user"),
        pytest.param(a_connection(), "ku", "", id="parts do not run together"),
    ],
)
def test_hash_changes_with(connection: Connection, consumer_key: str, user: str) -> None:
    assert identity_hash(connection, consumer_key=consumer_key, user=user) != PLAIN
