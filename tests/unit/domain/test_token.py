"""An access token and what stands for it."""

import hashlib

from support.builders import TOKEN_VALUE, a_token
from token_operator.domain.token import fingerprint_of


def test_fingerprint_is_the_first_16_digits_of_the_sha_256() -> None:
    digits = hashlib.sha256(TOKEN_VALUE.encode()).hexdigest()[:16]

    assert fingerprint_of(TOKEN_VALUE) == f"sha256:{digits}"
    assert a_token().fingerprint == f"sha256:{digits}"
