"""A Java key store of the form JKS: the private key of one alias, opened.

The form is that of ``sun.security.provider.JavaKeyStore`` and ``KeyProtector`` (OpenJDK):
big-endian numbers, strings in modified UTF-8, a keyed SHA-1 over all of it at the end,
and each key enciphered with a stream of SHA-1 digests.
"""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key

from token_operator.domain.failures import KeyInvalidError
from token_operator.salesforce.keys.forms.blocks import Block
from token_operator.salesforce.keys.forms.der import elements
from token_operator.salesforce.keys.stores.common import (
    Opened,
    StoreRequest,
    chosen,
    passphrase_failure,
)

_MAGIC: Final = 0xFEEDFEED
_PRIVATE_KEY: Final = 1
_TRUSTED_CERTIFICATE: Final = 2
_DIGEST_SIZE: Final = 20
# 1.3.6.1.4.1.42.2.17.1.1, Sun's key protector.
_KEY_PROTECTOR: Final = bytes.fromhex("2b060104012a02110101")
_WHITENER: Final = b"Mighty Aphrodite"
_WRITE_AGAIN: Final = (
    "'keytool -importkeystore -srckeystore old.jks -destkeystore keystore.p12 "
    "-deststoretype PKCS12' writes one that is read."
)
_MAY_BE_CUT: Final = "the file is damaged: store the whole file again."


@dataclass(frozen=True, slots=True)
class _KeyEntry:
    """A private key as it is stored, enciphered, with its chain of certificates."""

    alias: str
    protected: bytes = field(repr=False)
    chain: tuple[bytes, ...]


class _CutError(Exception):
    """The store is shorter than its form requires, or holds something else."""


class _Reader:
    """Reads numbers and strings one after the other."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0

    @property
    def is_at_end(self) -> bool:
        return self._position == len(self._content)

    def take(self, size: int) -> bytes:
        end = self._position + size
        if end > len(self._content):
            raise _CutError
        taken, self._position = self._content[self._position : end], end
        return taken

    def number(self, size: int = 4) -> int:
        return int.from_bytes(self.take(size), "big")

    def text(self) -> str:
        # Modified UTF-8 differs for NUL and beyond the BMP only, which no alias needs.
        return self.take(self.number(2)).decode(errors="replace")


def open_jks(content: bytes, request: StoreRequest) -> Opened:
    """Return the key that *request* asks for, with the certificates of its chain.

    Raises KeyInvalidError or PassphraseWrongError.
    """
    body, digest = content[:-_DIGEST_SIZE], content[-_DIGEST_SIZE:]
    try:
        entries = list(_key_entries(_Reader(body)))
    except _CutError:
        raise _damaged(request) from None
    entry = entries[chosen([entry.alias for entry in entries], request)]
    secret = (request.passphrase or b"").decode(errors="replace").encode("utf-16-be")
    # Without a key below it, SHA-1 is what the form prescribes, and no signature.
    expected = hashlib.sha1(secret + _WHITENER + body, usedforsecurity=False).digest()
    if not hmac.compare_digest(expected, digest):
        raise passphrase_failure(request, "a Java key store (JKS)", _MAY_BE_CUT)
    return Opened(
        private_key=_private_key(_recovered(entry.protected, secret, request), request),
        certificates=tuple(Block("CERTIFICATE", der) for der in entry.chain),
    )


def _key_entries(reader: _Reader) -> Iterator[_KeyEntry]:
    magic, version, count = reader.number(), reader.number(), reader.number()
    if magic != _MAGIC or version not in {1, 2}:
        raise _CutError
    for _ in range(count):
        tag, alias = reader.number(), reader.text()
        reader.take(8)  # when it was made
        if tag == _PRIVATE_KEY:
            protected = reader.take(reader.number())
            chain = tuple(_certificate(reader, version) for _ in range(reader.number()))
            yield _KeyEntry(alias, protected, chain)
        elif tag == _TRUSTED_CERTIFICATE:
            _certificate(reader, version)
        else:
            raise _CutError
    if not reader.is_at_end:
        raise _CutError


def _certificate(reader: _Reader, version: int) -> bytes:
    if version == 2:
        reader.text()  # "X.509"; version 1 has no other
    return reader.take(reader.number())


def _recovered(protected: bytes, secret: bytes, request: StoreRequest) -> bytes:
    """Return the PKCS#8 key in what ``KeyProtector.protect`` made: salt, key, digest."""
    sealed = _sealed(protected)
    if sealed is None:
        raise KeyInvalidError(
            f"{request.place} holds a Java key store whose key is protected in an unknown way.",
            remedy=_WRITE_AGAIN,
        )
    salt, enciphered = sealed[:_DIGEST_SIZE], sealed[_DIGEST_SIZE:-_DIGEST_SIZE]
    stream, last = b"", salt
    while len(stream) < len(enciphered):
        last = hashlib.sha1(secret + last, usedforsecurity=False).digest()
        stream += last
    key = bytes(a ^ b for a, b in zip(enciphered, stream, strict=False))
    digest = hashlib.sha1(secret + key, usedforsecurity=False).digest()
    if not hmac.compare_digest(digest, sealed[-_DIGEST_SIZE:]):
        raise passphrase_failure(
            request,
            "a Java key store (JKS) with a key",
            "the key has another one: give it the store's with 'keytool -keypasswd'.",
        )
    return key


def _sealed(protected: bytes) -> bytes | None:
    """Return what is sealed in an EncryptedPrivateKeyInfo of Sun's key protector."""
    outer = elements(protected)
    parts = elements(outer[0].content) if outer else []
    algorithm = elements(parts[0].content) if len(parts) == 2 else []
    if not algorithm or algorithm[0].content != _KEY_PROTECTOR:
        return None
    return parts[1].content


def _private_key(der: bytes, request: StoreRequest) -> object:
    try:
        return load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError):
        raise _damaged(request) from None


def _damaged(request: StoreRequest) -> KeyInvalidError:
    return KeyInvalidError(
        f"{request.place} holds a Java key store (JKS) that is damaged or truncated.",
        remedy=f"Store the whole file again; {_WRITE_AGAIN}",
    )
