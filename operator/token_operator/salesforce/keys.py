"""Key material in a Secret, made into a key that signs.

No message holds anything of the Secret's content: entries are named, and the form found.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from token_operator.domain.connection import KeyFormat, KeySource
from token_operator.domain.failures import (
    KeyInvalidError,
    NotSupportedYetError,
    SourceKeyMissingError,
)
from token_operator.salesforce.certificates import certificate_blocks, not_after
from token_operator.salesforce.pem import Block, blocks_in
from token_operator.salesforce.private_key import form_of, is_key_store, read_private_key

LARGEST_ENTRY: Final = 64 * 1024
KEY_ENTRY: Final = "tls.key"
CERTIFICATE_ENTRY: Final = "tls.crt"
_STORE_ENTRIES: Final = {"keystore.p12": "PKCS#12", "keystore.jks": "JKS"}
_SHOWN_ENTRIES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMaterial:
    """The entries of one source Secret (decoded), and which of them to use."""

    secret_name: str
    entries: Mapping[str, bytes] = field(repr=False)
    source: KeySource


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key that is ready to sign, and where it came from."""

    private_key: RSAPrivateKey = field(repr=False)
    # "SHA256:" and the base64 of SHA-256 over the DER SubjectPublicKeyInfo.
    fingerprint: str
    # Aware, UTC; None where the Secret holds no certificate.
    certificate_not_after: datetime | None
    secret_name: str
    entry: str


def load_signing_key(material: KeyMaterial) -> SigningKey:
    """Return the key that *material* holds.

    Raises KeyInvalidError, KeyTooSmallError, PassphraseWrongError, CertificateMismatchError,
    SourceKeyMissingError, or NotSupportedYetError for a key store.
    """
    entry = _key_entry(material)
    blocks = blocks_in(_content(material, entry))
    _refuse_key_store(material, entry, blocks)
    private_key = read_private_key(
        blocks, place=_place(material, entry), passphrase=_passphrase(material)
    )
    public_key = private_key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    digest = base64.b64encode(hashlib.sha256(public_key).digest()).decode()
    return SigningKey(
        private_key=private_key,
        fingerprint=f"SHA256:{digest}",
        certificate_not_after=_certificate_not_after(material, entry, blocks, public_key),
        secret_name=material.secret_name,
        entry=entry,
    )


def _key_entry(material: KeyMaterial) -> str:
    source = material.source
    if source.format in {KeyFormat.PKCS12, KeyFormat.JKS}:
        raise _not_supported(material, f"key stores of format {source.format}")
    if source.private_key_entry is not None:
        return source.private_key_entry
    if source.format is KeyFormat.AUTO and KEY_ENTRY not in material.entries:
        for entry, form in _STORE_ENTRIES.items():
            if entry in material.entries:
                raise _not_supported(material, f"the {form} key store in entry {entry}")
    return KEY_ENTRY


def _refuse_key_store(material: KeyMaterial, entry: str, blocks: tuple[Block, ...]) -> None:
    """Raise NotSupportedYetError for a key store in an entry that was named for one."""
    is_expected = material.source.format is KeyFormat.AUTO and entry != KEY_ENTRY
    if is_expected and is_key_store(blocks):
        raise _not_supported(material, f"{form_of(blocks)}, which entry {entry} holds")


def _not_supported(material: KeyMaterial, what: str) -> NotSupportedYetError:
    return NotSupportedYetError(
        f"Secret {material.secret_name}: this version does not read {what}.",
        remedy="Store the key in PEM form: 'openssl pkcs12 -in keystore.p12 -nodes -out key.pem'.",
    )


def _passphrase(material: KeyMaterial) -> bytes | None:
    entry = material.source.passphrase_entry
    if entry is None:
        return None
    # Editors and echo end a file with a line break that nobody typed.
    return _entry(material, entry).rstrip(b"\r\n")


def _certificate_not_after(
    material: KeyMaterial, key_entry: str, blocks: tuple[Block, ...], public_key: bytes
) -> datetime | None:
    named = material.source.certificate_entry
    # A kubernetes.io/tls Secret must have the entry, even where there is no certificate.
    if named is None and material.entries.get(CERTIFICATE_ENTRY, b"").strip():
        named = CERTIFICATE_ENTRY
    if named is not None:
        place, blocks = _place(material, named), blocks_in(_content(material, named))
        return not_after(blocks, public_key=public_key, place=place)
    if not certificate_blocks(blocks):
        return None
    return not_after(blocks, public_key=public_key, place=_place(material, key_entry))


def _content(material: KeyMaterial, entry: str) -> bytes:
    content, place = _entry(material, entry), _place(material, entry)
    if not content.strip():
        raise KeyInvalidError(f"{place} is empty.")
    if len(content) > LARGEST_ENTRY:
        raise KeyInvalidError(f"{place} is larger than 64 KiB.")
    return content


def _entry(material: KeyMaterial, entry: str) -> bytes:
    if entry in material.entries:
        return material.entries[entry]
    names = sorted(material.entries)
    shown = ", ".join(names[:_SHOWN_ENTRIES]) or "no entries"
    more = f" and {len(names) - _SHOWN_ENTRIES} more" if len(names) > _SHOWN_ENTRIES else ""
    raise SourceKeyMissingError(
        f"{_place(material, entry)} does not exist; the Secret has {shown}{more}."
    )


def _place(material: KeyMaterial, entry: str) -> str:
    return f"Entry {entry} of Secret {material.secret_name}"
