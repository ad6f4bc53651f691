"""A new RSA key with a self-signed certificate, and the Secret that holds them."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from token_operator.domain.targets.labels import WATCH_LABEL

_EXPONENT: Final = 65537
# A clock that is a little behind must not see a certificate of the future.
_BACKDATED: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key pair in PEM form; only the certificate may be shown."""

    private_key: bytes = field(repr=False)
    certificate: bytes
    # As in status.auth.keyFingerprint.
    fingerprint: str
    not_after: datetime


def make_key(*, bits: int, subject: str, now: datetime, days: int) -> NewKey:
    """Return a new RSA key with a self-signed certificate that is valid for *days* from *now*."""
    key = rsa.generate_private_key(_EXPONENT, bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    not_after = now.replace(microsecond=0) + timedelta(days=days)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(not_after)
        .sign(key, hashes.SHA256())
    )
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return NewKey(
        private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        certificate=certificate.public_bytes(Encoding.PEM),
        fingerprint=f"SHA256:{base64.b64encode(hashlib.sha256(public).digest()).decode()}",
        not_after=not_after,
    )


def tls_secret(name: str, key: NewKey) -> dict[str, Any]:
    """Return the Secret for *key*, labelled so that a change to it acts at once."""
    entries = {"tls.key": key.private_key, "tls.crt": key.certificate}
    return labelled_secret(name, entries) | {"type": "kubernetes.io/tls"}


def labelled_secret(name: str, entries: Mapping[str, bytes]) -> dict[str, Any]:
    """Return a source Secret that the operator watches."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": name, "labels": {WATCH_LABEL: "true"}},
        "data": {entry: base64.b64encode(value).decode() for entry, value in entries.items()},
    }
