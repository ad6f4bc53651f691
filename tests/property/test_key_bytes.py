"""Whatever bytes a Secret holds: a key or a failure with a reason, never a crash."""

from functools import cache

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from support import key_samples as sample
from support import key_stores as store
from token_operator.domain.failures import FailureError
from token_operator.domain.sources import KeySource
from token_operator.salesforce.keys.loading import KeyMaterial, load_local_key
from token_operator.salesforce.keys.local_key import LocalKey

# No test asserts a time, and a loaded machine is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def seeds() -> tuple[bytes, ...]:
    pems = (
        sample.pkcs8(),
        sample.pkcs1(),
        sample.encrypted_pkcs1(),
        sample.certificate(),
        sample.pkcs8() + sample.certificate(),
    )
    stores = (
        sample.key_store(),
        store.jks(store.jks_key("sf", store.protected(sample.der_of(sample.pkcs8())))),
        pkcs12.serialize_key_and_certificates(
            b"sf", sample.rsa_key(), None, None, BestAvailableEncryption(b"x")
        ),
    )
    return (*pems, *stores, *(sample.der_of(pem) for pem in pems[:2]), sample.der_of(pems[3]))


def load(
    content: bytes, certificate: bytes = b"", passphrase: bytes = b"x"
) -> LocalKey | FailureError:
    entries = {"tls.key": content, "tls.crt": certificate, "password": passphrase}
    source = KeySource(secret_name="crm-key", passphrase_entry="password")
    try:
        return load_local_key(KeyMaterial(secret_name="crm-key", entries=entries, source=source))
    except FailureError as failure:
        return failure


@unhurried
@given(st.binary(max_size=10_240))
@example(b"-----BEGIN PRIVATE KEY-----" * 300)
@example(b"-----BEGIN A-----" * 300 + b"-----END A-----" * 300)
@example(b"\x30" * 10_000)
@example(b"\x30\x80" * 5_000)
@example(b"\x30\x82\xff\xff")
@example(b"\x30\xff" + b"\xff" * 300)
@example(b"\x30\x03\x30\x01\x30")
@example(b"\x30\x02\x05\x00")
@example(b"\x30\x00")
@example(b"\\" * 10_000)
def test_any_bytes_are_a_key_or_a_failure(content: bytes) -> None:
    assert isinstance(load(content), LocalKey | FailureError)


@unhurried
@given(st.text(max_size=10_240))
def test_any_text_is_a_key_or_a_failure(content: str) -> None:
    assert isinstance(load(content.encode(errors="replace")), LocalKey | FailureError)


@unhurried
@given(st.data())
def test_a_damaged_key_is_a_key_or_a_failure(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(seeds())))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    assert isinstance(load(bytes(content)), LocalKey | FailureError)
    assert isinstance(load(sample.pkcs8(), bytes(content)), LocalKey | FailureError)


@unhurried
@given(st.binary(max_size=2_000), st.integers(0, 60))
def test_any_bytes_after_the_beginning_of_a_store_are_a_key_or_a_failure(
    content: bytes, kept: int
) -> None:
    for seed in seeds()[5:8]:
        assert isinstance(load(seed[:kept] + content), LocalKey | FailureError)


@unhurried
@given(st.binary(max_size=200))
@example(b"se\0same")
@example(b"\0")
@example(b"\xff\xfe\0\0")
@example("sesame".encode("utf-16-le"))
@example(b"\xff" * 2_000)
def test_any_passphrase_opens_a_key_or_is_a_failure(passphrase: bytes) -> None:
    for seed in (seeds()[2], *seeds()[5:8]):
        assert isinstance(load(seed, passphrase=passphrase), LocalKey | FailureError)
