"""A PKCS#12 key store (RFC 7292): the private key of one alias, opened.

The library gives the first key of a store only. So the store is taken apart here, as far
as it is not encrypted, and put together again with the one key that is asked for in front;
deciphering is left to the library. What is not plain DER, or asks for too many rounds, is
refused before that.
"""

import hashlib
import hmac
from collections.abc import Iterator
from typing import Final, NamedTuple

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from token_operator.domain.failures import KeyInvalidError
from token_operator.salesforce.keys.forms.blocks import Block
from token_operator.salesforce.keys.forms.der import (
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    Element,
    elements,
    is_der,
    most_rounds_in,
)
from token_operator.salesforce.keys.forms.private_key import MOST_ROUNDS
from token_operator.salesforce.keys.stores.common import (
    Opened,
    StoreRequest,
    chosen,
    passphrase_failure,
)

_EXPLICIT: Final = 0xA0
_PKCS7: Final = bytes.fromhex("2a864886f70d0107")
_DATA: Final = _PKCS7 + b"\x01"
_ENCRYPTED: Final = _PKCS7 + b"\x06"
_BAG: Final = bytes.fromhex("2a864886f70d010c0a01")
_KEY: Final = _BAG + b"\x01"
_SHROUDED_KEY: Final = _BAG + b"\x02"
_CERTIFICATE: Final = _BAG + b"\x03"
_FRIENDLY_NAME: Final = bytes.fromhex("2a864886f70d010914")
_SHA1: Final = bytes.fromhex("2b0e03021a")
_WRITE_AGAIN: Final = (
    "'keytool -importkeystore -srckeystore old.p12 -destkeystore keystore.p12 "
    "-deststoretype PKCS12' writes one that is read."
)


class _Typed(NamedTuple):
    """A ContentInfo or a SafeBag: what it is, its value, and the whole."""

    oid: bytes
    value: bytes
    attributes: bytes
    whole: bytes


def open_pkcs12(der: bytes, request: StoreRequest) -> Opened:
    """Return the key that *request* asks for, with the certificates beside it.

    Raises KeyInvalidError or PassphraseWrongError. The certificates of other keys are left
    out where the store has more than one key.
    """
    contents = tuple(_contents_of(der))
    if not contents:
        raise _unreadable(request)
    bags = [bag for content in contents if content.oid == _DATA for bag in _bags_in(content)]
    keys = [bag for bag in bags if bag.oid in {_KEY, _SHROUDED_KEY}]
    encrypted = [content for content in contents if content.oid == _ENCRYPTED]
    key = keys[chosen([_alias_of(bag) for bag in keys], request)]
    # The algorithm of a DSA key holds large numbers too, but no rounds.
    enciphered = [part for part in (key, *encrypted) if part.oid != _KEY]
    _check_rounds(enciphered, request)
    certificates = [bag for bag in bags if bag.oid == _CERTIFICATE]
    whole = _loaded(_safe(key, certificates, encrypted), request)
    if whole is not None:
        return Opened(private_key=whole.key, certificates=_blocks(whole, len(keys) == 1))
    alone = _loaded(_safe(key, [], []), request)
    if alone is not None:
        # An empty block is what the reader of certificates calls unreadable.
        return Opened(private_key=alone.key, certificates=(Block("CERTIFICATE"),))
    if enciphered:
        raise passphrase_failure(request, "a PKCS#12 key store", _WRITE_AGAIN)
    raise _unreadable(request)


def _loaded(safe: bytes, request: StoreRequest) -> pkcs12.PKCS12KeyAndCertificates | None:
    """Return what the library reads; None where it does not.

    An empty passphrase has two forms in the old ciphers, no bytes and a closing zero; the
    integrity check shows which, and without one the library takes the first.
    """
    passphrase = request.passphrase or b""
    # The library panics at a zero, past every handler; no tool makes a store with one.
    if b"\0" in passphrase:
        return None
    for store in (_store(safe), _store(safe, _integrity(safe)))[: 1 if passphrase else 2]:
        try:
            return pkcs12.load_pkcs12(store, passphrase)
        except (ValueError, TypeError, UnsupportedAlgorithm, InternalError):
            continue
    return None


def _blocks(found: pkcs12.PKCS12KeyAndCertificates, is_only_key: bool) -> tuple[Block, ...]:
    # The first is the one that the library found to belong to the key.
    certificates = [found.cert] if found.cert else []
    if is_only_key:
        certificates += found.additional_certs
    return tuple(
        Block("CERTIFICATE", found.certificate.public_bytes(Encoding.DER)) for found in certificates
    )


def _contents_of(der: bytes) -> Iterator[_Typed]:
    """Yield the parts of a store; none where it is not DER, or not of this form."""
    outer = elements(der)
    store = elements(outer[0].content) if len(outer) == 1 and is_der(der) else []
    if len(store) < 2:
        return
    for content in _typed(store[1:2]):
        safe = _octets(content)
        if content.oid == _DATA and is_der(safe):
            for sequence in elements(safe):
                yield from _typed(elements(sequence.content))


def _bags_in(content: _Typed) -> Iterator[_Typed]:
    contents = _octets(content)
    for sequence in elements(contents) if is_der(contents) else ():
        yield from _typed(elements(sequence.content))


def _typed(found: list[Element]) -> Iterator[_Typed]:
    for element in found:
        parts = elements(element.content)
        if [part.tag for part in parts[:2]] == [OID, _EXPLICIT]:
            attributes = parts[2].content if len(parts) > 2 else b""
            yield _Typed(parts[0].content, parts[1].content, attributes, element.encoded())


def _octets(content: _Typed) -> bytes:
    inside = elements(content.value)
    return inside[0].content if inside and inside[0].tag == OCTET_STRING else b""


def _alias_of(bag: _Typed) -> str:
    for attribute in elements(bag.attributes):
        parts = elements(attribute.content)
        if len(parts) == 2 and parts[0].content == _FRIENDLY_NAME:
            return "".join(
                value.content.decode("utf-16-be", "replace") for value in elements(parts[1].content)
            )
    return ""


def _check_rounds(parts: list[_Typed], request: StoreRequest) -> None:
    # The sum, as a store may have hundreds of parts.
    if sum(most_rounds_in(part.value) for part in parts) > MOST_ROUNDS:
        raise KeyInvalidError(
            f"{request.place} holds a key store with more than {MOST_ROUNDS} rounds of key "
            "derivation.",
            remedy=_WRITE_AGAIN,
        )


def _safe(key: _Typed, certificates: list[_Typed], encrypted: list[_Typed]) -> bytes:
    """Return the AuthenticatedSafe of these parts.

    The key comes first, so that the library does not look for one in the encrypted parts,
    whose key-derivation rounds have not been counted.
    """
    return _sequence(
        _content(_sequence(key.whole)),
        *(content.whole for content in encrypted),
        _content(_sequence(*(bag.whole for bag in certificates))),
    )


def _store(safe: bytes, integrity: bytes = b"") -> bytes:
    return _sequence(Element(INTEGER, b"\x03").encoded(), _content(safe), integrity)


def _integrity(safe: bytes) -> bytes:
    """Return the MacData of *safe* for an empty passphrase that ends in a zero.

    One round of SHA-1 over blocks of 64 bytes (RFC 7292, section B.2, purpose 3): it protects
    nothing, as the passphrase is empty; it says in which form.
    """
    salt = bytes(64)
    key = hashlib.sha1(b"\x03" * 64 + salt + bytes(64), usedforsecurity=False).digest()
    digest = hmac.digest(key, safe, "sha1")
    algorithm = _sequence(Element(OID, _SHA1).encoded(), b"\x05\x00")
    info = _sequence(algorithm, Element(OCTET_STRING, digest).encoded())
    # One round is the default, which DER leaves out.
    return _sequence(info, Element(OCTET_STRING, salt).encoded())


def _content(contents: bytes) -> bytes:
    value = Element(_EXPLICIT, Element(OCTET_STRING, contents).encoded())
    return _sequence(Element(OID, _DATA).encoded(), value.encoded())


def _sequence(*parts: bytes) -> bytes:
    return Element(SEQUENCE, b"".join(parts)).encoded()


def _unreadable(request: StoreRequest) -> KeyInvalidError:
    return KeyInvalidError(
        f"{request.place} holds a PKCS#12 key store that is damaged, truncated or not in DER form.",
        remedy=f"Store the whole file again; {_WRITE_AGAIN}",
    )
