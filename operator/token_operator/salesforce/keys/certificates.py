"""The certificate that belongs to a private key, and when it expires."""

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from token_operator.domain.failures import CertificateMismatchError, KeyInvalidError
from token_operator.salesforce.keys.forms.pem import Block

_LABELS = frozenset({"CERTIFICATE", "X509 CERTIFICATE"})


def certificate_blocks(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Return those of *blocks* that are certificates."""
    return tuple(block for block in blocks if block.label in _LABELS)


def not_after(blocks: tuple[Block, ...], *, public_key: bytes, place: str) -> datetime:
    """Return when the certificate of *public_key* (DER SubjectPublicKeyInfo) expires, in UTC.

    Of a chain the one that matches counts. Raises KeyInvalidError for what cannot be read,
    CertificateMismatchError where none matches.
    """
    certificates = certificate_blocks(blocks)
    if not certificates:
        raise KeyInvalidError(f"{place} holds no certificate.", remedy="Store it in PEM form.")
    for block in certificates:
        subject, expiry = _read(block, place)
        if subject == public_key:
            return expiry
    raise CertificateMismatchError(
        f"{place} holds a certificate that does not belong to the private key.",
        remedy="Store the certificate that belongs to it; of both 'openssl x509 -noout -pubkey' "
        "and 'openssl pkey -pubout' print the same public key.",
    )


def _read(block: Block, place: str) -> tuple[bytes, datetime]:
    try:
        certificate = x509.load_der_x509_certificate(block.der)
        subject = certificate.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        expiry = certificate.not_valid_after_utc
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyInvalidError(
            f"{place} holds a certificate that cannot be read.",
            remedy="Store the whole file again; 'openssl x509 -in cert.pem -noout' reads it.",
        ) from None
    return subject, expiry
