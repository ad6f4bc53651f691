"""What a DER structure is, seen from its outermost tags (X.690)."""

from collections.abc import Iterator
from typing import Final, NamedTuple

INTEGER: Final = 0x02
_BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
OID: Final = 0x06
SEQUENCE: Final = 0x30
_CONSTRUCTED: Final = 0x20
_DEEPEST: Final = 8
# Version, three numbers of the domain, and the two halves of the key (as OpenSSL writes it).
_NUMBERS_OF_DSA: Final = 6
# A PKCS#12 store nests about ten deep; the bound keeps the recursion short.
_DEEPEST_FORM: Final = 24


class Element(NamedTuple):
    """One element: its tag, and the content after the length."""

    tag: int
    content: bytes

    def encoded(self) -> bytes:
        """Return the element with tag and length, as DER."""
        size = len(self.content)
        if size < 0x80:
            return bytes((self.tag, size)) + self.content
        length = size.to_bytes((size.bit_length() + 7) // 8, "big")
        return bytes((self.tag, 0x80 | len(length))) + length + self.content


def label_of(der: bytes) -> str | None:
    """Return the PEM label of *der* (``PKCS12`` for such a key store); None if unknown."""
    outer = elements(der)
    if len(outer) != 1 or outer[0].tag != SEQUENCE:
        return None
    inside = elements(outer[0].content)
    if not inside:
        return None
    if inside[0].tag == INTEGER:
        return _label_by_version(inside)
    if inside[0].tag == SEQUENCE:
        return _label_by_header(inside)
    return "PKCS7" if inside[0].tag == OID else None


def rounds_of_key(der: bytes) -> int:
    """Return how long the key derivation of an encrypted PKCS#8 key takes.

    That is the number of rounds (RFC 8018, section A.2) or the scrypt cost: the greatest INTEGER
    in the header.
    """
    outer = elements(der)
    inside = elements(outer[0].content) if outer else []
    return max(_integers(inside[0].content, 0), default=0) if inside else 0


def most_rounds_in(der: bytes) -> int:
    """Return the most rounds that the sequences of *der* may ask for: the greatest INTEGER."""
    return max(_integers(der, 0), default=0)


def _label_by_version(inside: list[Element]) -> str | None:
    """Name a structure that begins with a number: most often its version."""
    number, second = inside[0].content, inside[1].tag if len(inside) > 1 else 0
    if len(number) > 1:
        return "RSA PUBLIC KEY"
    if len(inside) == _NUMBERS_OF_DSA and second == INTEGER:
        return "DSA PRIVATE KEY"
    labels = {
        (b"\x00", INTEGER): "RSA PRIVATE KEY",
        (b"\x00", SEQUENCE): "PRIVATE KEY",
        # With more than two factors (RFC 8017, section A.1.2).
        (b"\x01", INTEGER): "MULTI-PRIME RSA KEY",
        (b"\x01", SEQUENCE): "PRIVATE KEY",
        (b"\x01", OCTET_STRING): "EC PRIVATE KEY",
        (b"\x03", SEQUENCE): "PKCS12",
    }
    label = labels.get((number, second))
    is_wrapped = label == "PRIVATE KEY" and len(inside) > 2
    if is_wrapped and _has_more_than_two_factors(inside[2].content):
        return "MULTI-PRIME RSA KEY"
    return label


def _has_more_than_two_factors(key: bytes) -> bool:
    """Whether a PKCS#1 key, as PKCS#8 wraps it, is of version 1."""
    outer = elements(key)
    inside = elements(outer[0].content) if outer else []
    return [part.tag for part in inside[:2]] == [INTEGER, INTEGER] and inside[0].content == b"\x01"


def _label_by_header(inside: list[Element]) -> str:
    """Name a structure that begins with a sequence: an algorithm, or what is signed."""
    header, second = elements(inside[0].content), inside[1].tag if len(inside) > 1 else 0
    if header and header[0].tag == OID and second == OCTET_STRING:
        return "ENCRYPTED PRIVATE KEY"
    if header and header[0].tag == OID and second == _BIT_STRING:
        return "PUBLIC KEY"
    is_request = header and header[0] == Element(INTEGER, b"\x00")
    return "CERTIFICATE REQUEST" if is_request else "CERTIFICATE"


def _integers(der: bytes, depth: int) -> Iterator[int]:
    for tag, content in elements(der):
        if tag == INTEGER:
            yield int.from_bytes(content[:64], "big")
        elif tag == SEQUENCE and depth < _DEEPEST:
            yield from _integers(content, depth + 1)


def is_der(der: bytes, depth: int = 0) -> bool:
    """Whether *der* is elements of definite length, all the way down."""
    found = elements(der)
    if depth > _DEEPEST_FORM or (der and not found):
        return False
    return all(is_der(e.content, depth + 1) for e in found if e.tag & _CONSTRUCTED)


def elements(der: bytes) -> list[Element]:
    """Return the elements one after the other in *der*; none if they do not fill it exactly."""
    found: list[Element] = []
    position = 0
    while position < len(der):
        start, length = _content_at(der, position)
        if start + length > len(der):
            return []
        found.append(Element(der[position], der[start : start + length]))
        position = start + length
    return found


def _content_at(der: bytes, position: int) -> tuple[int, int]:
    """Return where the content of the element at *position* starts, and its length."""
    size = der[position + 1] if position + 1 < len(der) else 0xFF
    start = position + 2
    if size < 0x80:
        return start, size
    octets = size & 0x7F
    if not octets:  # an indefinite length, which BER has and DER has not
        return start, len(der)
    return start + octets, int.from_bytes(der[start : start + octets], "big")
