import base64
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates

from support import key_samples as sample
from support.key_material import material
from token_operator.domain.failures import CertificateMismatchError
from token_operator.salesforce.keys.loading import load_local_key


def pkcs7() -> bytes:
    certificate = x509.load_pem_x509_certificate(sample.certificate())
    return serialize_certificates([certificate], Encoding.PEM)


def under(label: str, pem: bytes) -> bytes:
    """Return the content of *pem* under another label."""
    lines = pem.splitlines()[1:-1]
    begin, end = f"-----BEGIN {label}-----", f"-----END {label}-----"
    return b"\n".join([begin.encode(), *lines, end.encode()])


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
        (lambda: b"hello", "no certificate"),
        (lambda: sample.certificate()[:300], "cannot be read"),
        (lambda: b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "cannot be read"),
        (lambda: b"x" * 65_537, "larger than"),
        (pkcs7, "a PKCS#7 certificate bundle, not a certificate"),
        (lambda: under("CERTIFICATE", pkcs7()), "a PKCS#7 certificate bundle"),
        (sample.signing_request, "a certificate signing request"),
        (lambda: under("CERTIFICATE", sample.signing_request()), "a certificate signing request"),
        (sample.public_pem, "a public key, not a certificate"),
        (lambda: under("CERTIFICATE", sample.public_pem()), "a public key"),
        (sample.pkcs8, "a private key, not a certificate"),
        (lambda: under("CERTIFICATE", sample.pkcs1()), "a private key, not a certificate"),
        (lambda: b"{{ .Values.certificate }}", "a template that was not rendered"),
        (lambda: sample.certificate().decode().encode("utf-16-le"), "UTF-16LE"),
        (lambda: b'{"a": 1}', "a JSON document"),
        (lambda: b"", "is empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_certificate_that_cannot_be_read_stops_no_login_and_is_named(
    content: Callable[[], bytes], words: str
) -> None:
    key = load_local_key(
        material(
            {"tls.key": sample.pkcs8(), "tls.crt": content()},
            certificate_entry=None if content() else "tls.crt",
        )
    )

    assert key.certificate_not_after is None
    assert key.certificate_problem is not None
    assert "Entry tls.crt of Secret crm-key" in key.certificate_problem.message
    assert words in key.certificate_problem.message
    assert key.certificate_problem.advice


def test_a_certificate_with_the_purposes_that_openssl_trusts_it_for_is_read() -> None:
    trusted = sample.der_of(sample.certificate()) + bytes.fromhex("300a3008060629010101ffff")
    body = base64.encodebytes(trusted)
    pem = b"-----BEGIN TRUSTED CERTIFICATE-----\n" + body + b"-----END TRUSTED CERTIFICATE-----"

    assert expiry({"tls.crt": pem}) == sample.NOT_AFTER


def test_a_damaged_certificate_of_openssl_stops_no_login() -> None:
    pem = b"-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----"

    assert expiry({"tls.crt": pem}) is None
