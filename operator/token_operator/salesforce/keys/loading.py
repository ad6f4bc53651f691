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

from token_operator.domain.failures import (
    KeyInvalidError,
    PassphraseWrongError,
    SourceKeyMissingError,
)
from token_operator.domain.sources import KeyFormat, KeyPlace, KeySource
from token_operator.domain.text_encodings import conversion_command, unmarked_encoding
from token_operator.domain.unrendered import RENDER, has_template
from token_operator.salesforce.keys.certificates import certificate_blocks, not_after
from token_operator.salesforce.keys.forms.blocks import Block, blocks_in
from token_operator.salesforce.keys.forms.private_key import form_of, read_private_key, usable_key
from token_operator.salesforce.keys.local_key import LocalKey
from token_operator.salesforce.keys.passphrases import fault_in, readings_of
from token_operator.salesforce.keys.signer import Signer
from token_operator.salesforce.keys.stores.common import StoreRequest
from token_operator.salesforce.keys.stores.jks import open_jks
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
_READ_AT_ONCE: Final = frozenset({"PRIVATE KEY", "RSA PRIVATE KEY", "CERTIFICATE"})
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
    if not content.startswith(_PLAIN) or len(content) > LARGEST_ENTRY:
        return False
    # What is in a block decides, not what stands above it.
    return all(
        block.label in _READ_AT_ONCE and not block.is_encrypted for block in blocks_in(content)
    )


def load_local_key(material: KeyMaterial) -> LocalKey:
    """Return the key that *material* holds.

    Raises KeyInvalidError, KeyTooSmallError, PassphraseWrongError, CertificateMismatchError or
    SourceKeyMissingError. An encrypted key or a key store takes up to a second or two for each
    way to read its passphrase. A certificate signs nothing: one that cannot be read is a
    problem of the key that is returned, not a failure.
    """
    entry = _key_entry(material)
    private_key, certificates = _read(material, entry)
    public_key = private_key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    expiry, problem = _certificate_not_after(material, entry, certificates, public_key)
    digest = base64.b64encode(hashlib.sha256(public_key).digest()).decode()
    return LocalKey(
        private_der=private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        fingerprint=f"SHA256:{digest}",
        bits=private_key.key_size,
        certificate_not_after=expiry,
        certificate_problem=problem,
        place=KeyPlace(secret_name=material.secret_name, entry=entry),
    )


def _key_entry(material: KeyMaterial) -> str:
    source = material.source
    if source.private_key_entry is not None:
        return source.private_key_entry
    if source.format is not KeyFormat.AUTO:
        return DEFAULT_ENTRIES[source.format]
    present = (entry for entry in DEFAULT_ENTRIES.values() if entry in material.entries)
    return next(present, KEY_ENTRY)


def _read(material: KeyMaterial, key_entry: str) -> tuple[RSAPrivateKey, tuple[Block, ...]]:
    """Return the private key and the certificates in *key_entry*, whatever its form."""
    blocks, place = _blocks_of(material, key_entry), _place(material, key_entry)
    entry = material.source.passphrase_entry
    if entry is None:
        return _read_with(None, material, blocks=blocks, place=place)
    written, failures = _entry(material, entry), list[PassphraseWrongError]()
    for passphrase in readings_of(written):
        try:
            return _read_with(passphrase, material, blocks=blocks, place=place)
        except PassphraseWrongError as failure:
            failures.append(failure)
    raise fault_in(written, _place(material, entry)) or failures[0]


def _read_with(
    passphrase: bytes | None, material: KeyMaterial, *, blocks: tuple[Block, ...], place: str
) -> tuple[RSAPrivateKey, tuple[Block, ...]]:
    _refuse_another_format(material.source.format, blocks, place)
    if not _is_store(material.source.format, blocks):
        return read_private_key(blocks, place=place, passphrase=passphrase), blocks
    request = StoreRequest(place=place, alias=material.source.alias, passphrase=passphrase)
    store = _OPEN_STORE[blocks[0].label](blocks[0].der, request)
    return usable_key(store.private_key, place), store.certificates


def _refuse_what_is_no_block(content: bytes, place: str) -> None:
    """Raise KeyInvalidError where the cause can be named better than by the form."""
    encoding = unmarked_encoding(content)
    if encoding:
        raise KeyInvalidError(
            f"{place} holds a text in {encoding} without a byte order mark.",
            remedy=conversion_command(encoding),
        )
    if has_template(content.decode(errors="replace")):
        raise KeyInvalidError(f"{place} holds a template that was not rendered.", remedy=RENDER)


def _is_store(wanted: KeyFormat, blocks: tuple[Block, ...]) -> bool:
    """Whether the entry is to be opened as a key store."""
    return wanted is not KeyFormat.PEM and _label(blocks) in _OPEN_STORE


def _label(blocks: tuple[Block, ...]) -> str:
    return blocks[0].label if blocks else ""


def _refuse_another_format(wanted: KeyFormat, blocks: tuple[Block, ...], place: str) -> None:
    """Raise KeyInvalidError where a format of key store is asked for and another form is there."""
    if wanted in {KeyFormat.AUTO, KeyFormat.PEM, _label(blocks)}:
        return
    found = f"holds {form_of(blocks)}, not a" if blocks else "contains no recognizable"
    raise KeyInvalidError(
        f"{place} {found} key store of format {wanted}.",
        remedy="Name another entry in privateKeyEntry, or leave the key's format at Auto.",
    )


def _certificate_not_after(
    material: KeyMaterial, key_entry: str, blocks: tuple[Block, ...], public_key: bytes
) -> tuple[datetime | None, KeyInvalidError | None]:
    """Return when the certificate expires, and why it cannot be read; None for what is not."""
    named = material.source.certificate_entry
    # A kubernetes.io/tls Secret must have the entry, even where there is no certificate.
    if named is None and material.entries.get(CERTIFICATE_ENTRY, b"").strip():
        named = CERTIFICATE_ENTRY
    if named is None and not certificate_blocks(blocks):
        return None, None
    place = _place(material, named or key_entry)
    try:
        found = blocks if named is None else _blocks_of(material, named)
        return not_after(found, public_key=public_key, place=place), None
    except KeyInvalidError as problem:
        return None, problem


def _blocks_of(material: KeyMaterial, entry: str) -> tuple[Block, ...]:
    """Return the blocks in *entry*; raise KeyInvalidError for what is recognizably none."""
    content = _content(material, entry)
    blocks = blocks_in(content)
    if not blocks or not all(block.der for block in blocks):
        _refuse_what_is_no_block(content, _place(material, entry))
    return blocks


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
