"""Private keys and certificates in every form, made when first asked for."""

import base64
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

PASSPHRASE = b"open sesame"
NOT_AFTER = datetime(2030, 1, 1, tzinfo=UTC)


@cache
def rsa_key(name: str = "first", bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return the RSA key of that name, always the same within one run."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pkcs8(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None) -> bytes:
    return _private(PrivateFormat.PKCS8, key=key)


def pkcs1() -> bytes:
    return _private(PrivateFormat.TraditionalOpenSSL)


def encrypted_pkcs8() -> bytes:
    return _private(PrivateFormat.PKCS8, encryption=BestAvailableEncryption(PASSPHRASE))


def encrypted_pkcs1() -> bytes:
    return _private(
        PrivateFormat.TraditionalOpenSSL, encryption=BestAvailableEncryption(PASSPHRASE)
    )


def openssh() -> bytes:
    return _private(PrivateFormat.OpenSSH)


def public_pem() -> bytes:
    return rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def public_pkcs1() -> bytes:
    return rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1)


def der_of(pem: bytes) -> bytes:
    return base64.b64decode(b"".join(pem.splitlines()[1:-1]))


def _private(
    form: PrivateFormat,
    *,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None,
    encryption: KeySerializationEncryption | None = None,
) -> bytes:
    return (key or rsa_key()).private_bytes(Encoding.PEM, form, encryption or NoEncryption())


def certificate(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None,
    *,
    until: datetime = NOT_AFTER,
    names: tuple[x509.GeneralName, ...] = (),
) -> bytes:
    """Return a self-signed certificate in PEM form."""
    owner = key or rsa_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sample")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(owner.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(owner, hashes.SHA256()).public_bytes(Encoding.PEM)


def signing_request() -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sample")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return request.sign(rsa_key(), hashes.SHA256()).public_bytes(Encoding.PEM)


def key_store() -> bytes:
    return pkcs12.serialize_key_and_certificates(b"sf", rsa_key(), None, None, NoEncryption())
