from datetime import timedelta

import jwt
import pytest

from support import key_samples
from support.loopback import NOON
from token_operator.domain.failures import NetworkError
from token_operator.domain.sources import KeyPlace, KeySource
from token_operator.salesforce.assertion import sign_assertion
from token_operator.salesforce.keys.loading import KeyMaterial, load_local_key
from token_operator.salesforce.keys.local_key import LocalKey


def signing_key() -> LocalKey:
    source = KeySource(secret_name="crm-key")
    return load_local_key(
        KeyMaterial(secret_name="crm-key", entries={"tls.key": key_samples.pkcs8()}, source=source)
    )


async def test_an_assertion_says_who_for_whom_and_until_when_and_nothing_else() -> None:
    assertion = await sign_assertion(
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


class UnavailableSigner:
    """A key in a service that cannot be reached."""

    fingerprint, bits, certificate_not_after = "SHA256:x", 2048, None
    certificate_problem = None
    place = KeyPlace(secret_name="crm-key", entry="tls.key")

    async def sign(self, signing_input: bytes) -> bytes:
        raise NetworkError(f"The signer of {len(signing_input)} bytes cannot be reached.")


async def test_failure_of_a_signer_is_passed_on() -> None:
    with pytest.raises(NetworkError, match="The signer of"):
        await sign_assertion(
            UnavailableSigner(),
            consumer_key="3MVG9",
            username="integration@acme.example",
            audience="https://login.salesforce.com",
            now=NOON,
        )
