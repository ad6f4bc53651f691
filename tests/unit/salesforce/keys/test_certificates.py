import base64
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from support import key_samples as sample
from support.key_material import material
from token_operator.domain.failures import (
    CertificateMismatchError,
    KeyInvalidError,
)
from token_operator.salesforce.keys.loading import load_local_key


def expiry(entries: dict[str, bytes], **source: object) -> datetime | None:
    return load_local_key(
        material({"tls.key": sample.pkcs8(), **entries}, **source)
    ).certificate_not_after


def test_a_key_without_certificate_has_no_expiry() -> None:
    assert expiry({}) is None


def test_an_empty_tls_crt_counts_as_none() -> None:
    assert expiry({"tls.crt": b""}) is None


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(sample.certificate, id="PEM"),
        pytest.param(lambda: sample.der_of(sample.certificate()), id="DER"),
        pytest.param(lambda: base64.b64encode(sample.certificate()), id="base64"),
        pytest.param(
            lambda: sample.certificate(sample.rsa_key("authority")) + sample.certificate(),
            id="chain",
        ),
    ],
)
def test_the_certificate_that_matches_tells_the_expiry(content: Callable[[], bytes]) -> None:
    assert expiry({"tls.crt": content()}) == sample.NOT_AFTER


@pytest.mark.parametrize("year", [3025, 9999])
def test_a_certificate_may_expire_in_a_far_future(year: int) -> None:
    until = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)

    assert expiry({"tls.crt": sample.certificate(until=until)}) == until


def test_a_named_certificate_goes_before_tls_crt() -> None:
    entries = {"tls.crt": b"x", "mine": sample.certificate()}

    assert expiry(entries, certificate_entry="mine") == sample.NOT_AFTER


def test_a_certificate_beside_the_key_is_used() -> None:
    assert expiry({"tls.key": sample.pkcs8() + sample.certificate()}) == sample.NOT_AFTER


@pytest.mark.parametrize(
    "entries",
    [
        {"tls.crt": sample.certificate(sample.rsa_key("authority"))},
        {"tls.crt": sample.certificate(sample.ec_key())},
        {"tls.key": sample.pkcs8() + sample.certificate(sample.rsa_key("authority"))},
    ],
    ids=["another key's", "an EC key's", "in the key's entry"],
)
def test_a_certificate_of_another_key_is_refused(entries: dict[str, bytes]) -> None:
    with pytest.raises(CertificateMismatchError, match="crm-key"):
        expiry(entries)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello", "no certificate"),
        (sample.certificate()[:300], "cannot be read"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "cannot be read"),
        (b"x" * 65_537, "larger than"),
    ],
    ids=["text", "cut", "damaged", "too much"],
)
def test_a_certificate_that_cannot_be_read_is_refused_naming_its_entry(
    content: bytes, words: str
) -> None:
    with pytest.raises(KeyInvalidError, match=words) as caught:
        expiry({"tls.crt": content})

    assert "tls.crt" in caught.value.message


def test_a_named_certificate_entry_that_is_empty_is_refused() -> None:
    with pytest.raises(KeyInvalidError, match="is empty"):
        expiry({"mine": b""}, certificate_entry="mine")
