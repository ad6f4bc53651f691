"""The certificate that belongs to a private key, and when it expires."""

from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from token_operator.domain.failures import CertificateMismatchError, KeyInvalidError
from token_operator.salesforce.keys.forms.blocks import Block
from token_operator.salesforce.keys.forms.der import elements
from token_operator.salesforce.keys.forms.private_key import form_of

# OpenSSL's own form has the purposes that it trusts the certificate for behind it.
_TRUSTED: Final = "TRUSTED CERTIFICATE"
_LABELS: Final = frozenset({"CERTIFICATE", "X509 CERTIFICATE", _TRUSTED})
_FROM_PKCS7: Final = (
    "Store the certificate itself: 'openssl pkcs7 -print_certs -in bundle.p7b -out tls.crt'."
)


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
        raise _no_certificate(blocks, place)
    for block in certificates:
        subject, expiry = _read(block, place)
        if subject == public_key:
            return expiry
    raise CertificateMismatchError(
        f"{place} holds a certificate that does not belong to the private key.",
        remedy="Store the certificate that belongs to it; of both 'openssl x509 -noout -pubkey' "
        "and 'openssl pkey -pubout' print the same public key.",
    )


def _no_certificate(blocks: tuple[Block, ...], place: str) -> KeyInvalidError:
    if not blocks:
        return KeyInvalidError(f"{place} holds no certificate.", remedy="Store it in PEM form.")
    return KeyInvalidError(
        f"{place} holds {form_of(blocks)}, not a certificate.",
        remedy=_FROM_PKCS7
        if any(block.label == "PKCS7" for block in blocks)
        else "Store the certificate in PEM form, or leave the entry empty.",
    )


def _certificate_in(block: Block) -> bytes:
    found = elements(block.der) if block.label == _TRUSTED else []
    return found[0].encoded() if found else block.der


def _read(block: Block, place: str) -> tuple[bytes, datetime]:
    try:
        certificate = x509.load_der_x509_certificate(_certificate_in(block))
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
