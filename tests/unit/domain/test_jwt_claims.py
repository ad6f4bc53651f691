"""What a token in the format of a JWT says of itself, without trust."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from token_operator.domain.jwt_claims import claimed_expiry, claimed_life, claims_of


def jwt_of(claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJSUzI1NiJ9.{payload}.c2ln"


def test_claims_are_read() -> None:
    token = jwt_of({"iat": 100, "exp": 1900})

    assert claims_of(token) == {"iat": 100, "exp": 1900}
    assert claimed_expiry(token) == datetime.fromtimestamp(1900, UTC)
    assert claimed_life(token) == timedelta(minutes=30)


def test_digits_are_a_number() -> None:
    assert claimed_expiry(jwt_of({"exp": "1900"})) == datetime.fromtimestamp(1900, UTC)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "00Dxx0000001gPL!an.opaque.token",
        "a.b",
        jwt_of([1]),
        jwt_of({}),
        jwt_of({"exp": True, "iat": 1}),
        jwt_of({"exp": "soon", "iat": 1}),
        jwt_of({"exp": "1" * 13, "iat": 1}),
        jwt_of({"exp": -5, "iat": 1}),
        jwt_of({"exp": 10**18, "iat": 1}),
        "x." + "W1" * 2000 + ".y",
    ],
)
def test_nothing_is_claimed_by_other_texts(token: str) -> None:
    assert (claimed_expiry(token), claimed_life(token)) == (None, None)


@pytest.mark.parametrize("claims", [{"exp": 5}, {"exp": 5, "iat": 5}, {"exp": 5, "iat": 6}])
def test_life_needs_a_beginning_before_the_end(claims: dict[str, int]) -> None:
    assert claimed_life(jwt_of(claims)) is None
