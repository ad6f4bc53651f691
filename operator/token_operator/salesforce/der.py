"""What a DER structure is, seen from its outermost tags (X.690)."""

from collections.abc import Iterator
from typing import Final, NamedTuple

_INTEGER: Final = 0x02
_BIT_STRING: Final = 0x03
_OCTET_STRING: Final = 0x04
_OID: Final = 0x06
_SEQUENCE: Final = 0x30
_DEEPEST: Final = 8


class _Element(NamedTuple):
    tag: int
    content: bytes


def label_of(der: bytes) -> str | None:
    """Return the PEM label of *der* (``PKCS12`` for such a key store); None if unknown."""
    outer = _elements(der)
    if len(outer) != 1 or outer[0].tag != _SEQUENCE:
        return None
    inside = _elements(outer[0].content)
    if not inside:
        return None
    if inside[0].tag == _INTEGER:
        return _label_by_version(inside)
    if inside[0].tag == _SEQUENCE:
        return _label_by_header(inside)
    return "PKCS7" if inside[0].tag == _OID else None


def greatest_integer(der: bytes) -> int:
    """Return the greatest INTEGER in the header of an encrypted PKCS#8 key.

    That is the number of rounds (RFC 8018, section A.2) or the scrypt cost, which say how
    long the key derivation will take.
    """
    outer = _elements(der)
    inside = _elements(outer[0].content) if outer else []
    return max(_integers(inside[0].content, 0), default=0) if inside else 0


def _label_by_version(inside: list[_Element]) -> str | None:
    """Name a structure that begins with a number: most often its version."""
    number, second = inside[0].content, inside[1].tag if len(inside) > 1 else 0
    if len(number) > 1:
        return "RSA PUBLIC KEY"
    labels = {
        (b"\x00", _INTEGER): "RSA PRIVATE KEY",
        (b"\x00", _SEQUENCE): "PRIVATE KEY",
        (b"\x01", _SEQUENCE): "PRIVATE KEY",
        (b"\x01", _OCTET_STRING): "EC PRIVATE KEY",
        (b"\x03", _SEQUENCE): "PKCS12",
    }
    return labels.get((number, second))


def _label_by_header(inside: list[_Element]) -> str:
    """Name a structure that begins with a sequence: an algorithm, or what is signed."""
    header, second = _elements(inside[0].content), inside[1].tag if len(inside) > 1 else 0
    if header and header[0].tag == _OID and second == _OCTET_STRING:
        return "ENCRYPTED PRIVATE KEY"
    if header and header[0].tag == _OID and second == _BIT_STRING:
        return "PUBLIC KEY"
    is_request = header and header[0] == _Element(_INTEGER, b"\x00")
    return "CERTIFICATE REQUEST" if is_request else "CERTIFICATE"


def _integers(der: bytes, depth: int) -> Iterator[int]:
    for tag, content in _elements(der):
        if tag == _INTEGER:
            yield int.from_bytes(content[:64], "big")
        elif tag == _SEQUENCE and depth < _DEEPEST:
            yield from _integers(content, depth + 1)


def _elements(der: bytes) -> list[_Element]:
    """Return the elements one after the other in *der*; none if they do not fill it exactly."""
    found: list[_Element] = []
    position = 0
    while position < len(der):
        start, length = _content_at(der, position)
        if start + length > len(der):
            return []
        found.append(_Element(der[position], der[start : start + length]))
        position = start + length
    return found


def _content_at(der: bytes, position: int) -> tuple[int, int]:
    """Return where the content of the element at *position* starts, and its length."""
    size = der[position + 1] if position + 1 < len(der) else 0xFF
    start = position + 2
    if size < 0x80:
        return start, size
    octets = size & 0x7F
    return start + octets, int.from_bytes(der[start : start + octets], "big")
