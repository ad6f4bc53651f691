"""Loading the key that an entry of a Secret holds, whatever its form.

No message holds anything of the Secret's content: entries are named, and the form found.
"""

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from token_operator.domain.failures import KeyInvalidError, SourceKeyMissingError
from token_operator.domain.sources import KeyFormat, KeySource
from token_operator.salesforce.keys.certificates import certificate_blocks, not_after
from token_operator.salesforce.keys.forms.pem import Block, blocks_in
from token_operator.salesforce.keys.forms.private_key import form_of, read_private_key, usable_key
from token_operator.salesforce.keys.local import LocalKey
from token_operator.salesforce.keys.signer import Signer
from token_operator.salesforce.keys.stores.jks import open_jks
from token_operator.salesforce.keys.stores.opening import Opened, StoreRequest
from token_operator.salesforce.keys.stores.pkcs12 import open_pkcs12

LARGEST_ENTRY: Final = 64 * 1024
KEY_ENTRY: Final = "tls.key"
CERTIFICATE_ENTRY: Final = "tls.crt"
DEFAULT_ENTRIES: Final = {
    KeyFormat.PEM: KEY_ENTRY,
    KeyFormat.PKCS12: "keystore.p12",
    KeyFormat.JKS: "keystore.jks",
}
_OPEN_STORE: Final = {"PKCS12": open_pkcs12, "JKS": open_jks}
_PLAIN: Final = (b"-----BEGIN PRIVATE KEY-----", b"-----BEGIN RSA PRIVATE KEY-----")
_SHOWN_ENTRIES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMaterial:
    """The entries of one source Secret (decoded), and which of them to use."""

    secret_name: str
    entries: Mapping[str, bytes] = field(repr=False)
    source: KeySource


async def load(material: KeyMaterial) -> Signer:
    """Return the key that *material* holds, ready to sign.

    Raises what ``load_local_key`` raises. An encrypted key or a key store takes up to a second
    or two, in which the event loop goes on.
    """
    if is_plain(material):
        return load_local_key(material)
    return await asyncio.to_thread(load_local_key, material)


def is_plain(material: KeyMaterial) -> bool:
    """Whether the key is in PEM form and not encrypted, and so is read at once."""
    content = material.entries.get(_key_entry(material), b"").lstrip()
    return content.startswith(_PLAIN) and b"ENCRYPTED" not in content


def load_local_key(material: KeyMaterial) -> LocalKey:
    """Return the key that *material* holds.

    Raises KeyInvalidError, KeyTooSmallError, PassphraseWrongError, CertificateMismatchError or
    SourceKeyMissingError. An encrypted key or a key store takes up to a second or two.
    """
    entry = _key_entry(material)
    private_key, certificates = _read(material, entry)
    public_key = private_key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    digest = base64.b64encode(hashlib.sha256(public_key).digest()).decode()
    return LocalKey(
        private_der=private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        fingerprint=f"SHA256:{digest}",
        bits=private_key.key_size,
        certificate_not_after=_certificate_not_after(material, entry, certificates, public_key),
        secret_name=material.secret_name,
        entry=entry,
    )


def _key_entry(material: KeyMaterial) -> str:
    source = material.source
    if source.private_key_entry is not None:
        return source.private_key_entry
    if source.format is not KeyFormat.AUTO:
        return DEFAULT_ENTRIES[source.format]
    present = (entry for entry in DEFAULT_ENTRIES.values() if entry in material.entries)
    return next(present, KEY_ENTRY)


def _read(material: KeyMaterial, entry: str) -> tuple[RSAPrivateKey, tuple[Block, ...]]:
    """Return the private key and the certificates in *entry*, whatever its form."""
    blocks, place = blocks_in(_content(material, entry)), _place(material, entry)
    if _store_is_meant(material, blocks, place):
        store = _opened(material, blocks[0], place)
        return usable_key(store.private_key, place), store.certificates
    return read_private_key(blocks, place=place, passphrase=_passphrase(material)), blocks


def _store_is_meant(material: KeyMaterial, blocks: tuple[Block, ...], place: str) -> bool:
    """Whether to open a key store; KeyInvalidError if another form was asked for."""
    wanted, label = material.source.format, blocks[0].label if blocks else ""
    if wanted in {KeyFormat.AUTO, KeyFormat.PEM}:
        return wanted is KeyFormat.AUTO and label in _OPEN_STORE
    if label == wanted:
        return True
    found = f"holds {form_of(blocks)}, not a" if blocks else "contains no recognizable"
    raise KeyInvalidError(
        f"{place} {found} key store of format {wanted}.",
        remedy="Name another entry in privateKeyEntry, or leave the key's format at Auto.",
    )


def _opened(material: KeyMaterial, block: Block, place: str) -> Opened:
    request = StoreRequest(
        place=place, alias=material.source.alias, passphrase=_passphrase(material)
    )
    return _OPEN_STORE[block.label](block.der, request)


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
