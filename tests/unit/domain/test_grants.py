"""The grants, each with the sources that it needs."""

import pytest

from token_operator.domain.grants import (
    ClientCredentials,
    Grant,
    GrantName,
    JWTBearer,
    RefreshToken,
    keys_of,
)
from token_operator.domain.sources import EntryRef, KeySource, secret_names

SECRET = EntryRef("crm-app", "secret")
KEY = KeySource(secret_name="crm-key")
JWT_BEARER = JWTBearer(username="u", keys=(KEY,))
CLIENT_CREDENTIALS = ClientCredentials(consumer_secret=SECRET)
REFRESH_TOKEN = RefreshToken(refresh_token=EntryRef("crm-login", "refresh"))


@pytest.mark.parametrize(
    ("grant", "name", "secrets"),
    [
        pytest.param(JWT_BEARER, "JWTBearer", ("crm-key",), id="JWT bearer"),
        pytest.param(
            JWTBearer(username=EntryRef("crm-user", "name"), keys=(KEY,), consumer_secret=SECRET),
            "JWTBearer",
            ("crm-key", "crm-app", "crm-user"),
            id="JWT bearer by references",
        ),
        pytest.param(
            CLIENT_CREDENTIALS, "ClientCredentials", ("crm-app",), id="client credentials"
        ),
        pytest.param(REFRESH_TOKEN, "RefreshToken", ("crm-login",), id="refresh token"),
    ],
)
def test_grant_knows_its_name_and_its_secrets(
    grant: Grant, name: str, secrets: tuple[str, ...]
) -> None:
    assert grant.name == name
    assert secret_names(*grant.sources) == secrets


def test_only_the_jwt_bearer_grant_has_keys_and_a_user() -> None:
    assert keys_of(JWT_BEARER) == (KEY,)
    assert [keys_of(grant) for grant in (CLIENT_CREDENTIALS, REFRESH_TOKEN)] == [(), ()]
    assert [one.username for one in (JWT_BEARER, CLIENT_CREDENTIALS, REFRESH_TOKEN)] == [
        "u",
        "",
        "",
    ]


def test_each_name_belongs_to_one_grant() -> None:
    grants = (JWT_BEARER, CLIENT_CREDENTIALS, REFRESH_TOKEN)

    assert {one.name for one in grants} == set(GrantName)
