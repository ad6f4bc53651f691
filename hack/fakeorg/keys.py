"""RSA keys and self-signed certificates for apps, made once per process and name."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

_TWO_YEARS = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key (PKCS#8) and the certificate to upload, both PEM."""

    private_key: str = field(repr=False)
    certificate: str


@lru_cache(maxsize=64)
def key_pair(
    name: str = "default", *, bits: int = 2048, valid_for: timedelta = _TWO_YEARS
) -> KeyPair:
    """Return the pair of this name; a negative validity gives a certificate that has expired."""
    private = generate_private_key(65537, bits)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return KeyPair(pem, _self_signed(private, name, valid_for))


def certificate_for(private_key: str, valid_for: timedelta, name: str = "again") -> str:
    """Return another self-signed certificate (PEM) of a private key (PEM)."""
    return _self_signed(parsed(private_key), name, valid_for)


@lru_cache(maxsize=1024)
def parsed(private_key: str) -> RSAPrivateKey:
    """Return the key of a PEM; it is ours, so the slow check of its numbers is left out."""
    pem = private_key.encode()
    return rsa(load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True))


def rsa(key: PrivateKeyTypes) -> RSAPrivateKey:
    """Return the key, which must be an RSA one."""
    if not isinstance(key, RSAPrivateKey):
        message = "not an RSA key"
        raise TypeError(message)
    return key


def _self_signed(private: RSAPrivateKey, name: str, valid_for: timedelta) -> str:
    now = datetime.now(UTC).replace(microsecond=0)
    start = now - timedelta(days=1) + min(valid_for, timedelta())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(now + valid_for)
        .sign(private, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()
