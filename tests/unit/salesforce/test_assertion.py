from datetime import timedelta

import jwt

from support import key_samples
from support.loopback import NOON
from token_operator.domain.connection import KeySource
from token_operator.salesforce.assertion import sign_assertion
from token_operator.salesforce.keys import KeyMaterial, SigningKey, load_signing_key


def signing_key() -> SigningKey:
    source = KeySource(secret_name="crm-key")
    return load_signing_key(
        KeyMaterial(secret_name="crm-key", entries={"tls.key": key_samples.pkcs8()}, source=source)
    )


def test_an_assertion_says_who_for_whom_and_until_when_and_nothing_else() -> None:
    assertion = sign_assertion(
        signing_key(),
        consumer_key="3MVG9",
        username="integration@acme.example",
        audience="https://login.salesforce.com/",
        now=NOON + timedelta(milliseconds=900),
    )

    assert jwt.get_unverified_header(assertion) == {"alg": "RS256", "typ": "JWT"}
    assert jwt.decode(
        assertion,
        key_samples.rsa_key().public_key(),
        algorithms=["RS256"],
        audience="https://login.salesforce.com",
        options={"verify_exp": False},
    ) == {
        "iss": "3MVG9",
        "sub": "integration@acme.example",
        "aud": "https://login.salesforce.com",
        "exp": int(NOON.timestamp()) + 180,
    }
