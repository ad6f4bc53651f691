r"""The blocks of an entry, PEM or binary, brought back to the form that parsers read.

Understood: line ends of any system or none at all, literal ``\n``, lines that end in a
backslash or stand in quotes, a byte order mark and the encoding that it names, base64 of the
whole text or of DER, and several blocks in one entry (RFC 7468). A block is called after what
is in it: tools write PKCS#1 under the label of PKCS#8, and the other way round.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from token_operator.domain.text_encodings import in_utf8
from token_operator.salesforce.keys.forms.der import label_of

_BEGIN: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----")
_ESCAPED_BREAK: Final = re.compile(r"\\{1,4}[rn]")
_ESCAPED_SLASH: Final = re.compile(r"\\{1,4}/")
# A shell and some template languages end a line that goes on with a backslash.
_LINE_GOES_ON: Final = re.compile(r"\\{1,4}(?=\s|$)")
# What stands around the lines of a text in a program's source, and never in base64.
_BETWEEN_LINES: Final = re.compile(r"[\s\"',\\]+")
# Labels whose blocks are called after their content.
_TOLD_APART: Final = frozenset(
    {
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "DSA PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "PUBLIC KEY",
        "RSA PUBLIC KEY",
        "CERTIFICATE",
        "CERTIFICATE REQUEST",
        "NEW CERTIFICATE REQUEST",
    }
)
# The cipher of a key whose header (RFC 1421) names one that is not read.
UNKNOWN_CIPHER: Final = "unknown"
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{32,}={0,2}")
# RFC 1421, section 4.6.1. The cipher determines the length of its vector, and so where the key
# begins in a text without line breaks.
_LEGACY_HEADER: Final = re.compile(
    r"\s*Proc-Type:\s*4,\s*ENCRYPTED\s*DEK-Info:\s*"
    r"(?P<info>AES-[0-9]{3}-CBC,[0-9A-Fa-f]{32}|DES(?:-EDE3)?-CBC,[0-9A-Fa-f]{16})"
)
_KEY_STORES: Final = {b"\xfe\xed\xfe\xed": "JKS", b"\xce\xce\xce\xce": "JCEKS"}
# A store that is cut, or whose length is indefinite (BER), is known by its beginning: version 3.
_PKCS12: Final = re.compile(rb"\x30(?:\x80|\x82..|\x83...)\x02\x01\x03\x30", re.DOTALL)
_PREFIXES: Final = (
    ("PuTTY-User-Key-File", "PUTTY"),
    ("---- BEGIN SSH2", "SSH2"),
    ("ssh-", "SSH PUBLIC KEY"),
    ("ecdsa-sha2-", "SSH PUBLIC KEY"),
    ("{", "JSON"),
)


@dataclass(frozen=True, slots=True)
class Block:
    """One PEM block; ``der`` is empty where it is damaged, or the form is no PEM at all."""

    label: str
    der: bytes = field(repr=False, default=b"")
    # Cipher and vector of a key that is encrypted in the way of RFC 1421.
    dek_info: str = field(repr=False, default="")

    @property
    def is_encrypted(self) -> bool:
        """Whether it takes a passphrase to read it."""
        return bool(self.dek_info) or self.label == "ENCRYPTED PRIVATE KEY"

    def pem(self) -> bytes:
        """Return the block as parsers read it."""
        header = f"Proc-Type: 4,ENCRYPTED\nDEK-Info: {self.dek_info}\n\n" if self.dek_info else ""
        body = base64.encodebytes(self.der).decode()
        return f"-----BEGIN {self.label}-----\n{header}{body}-----END {self.label}-----\n".encode()


def blocks_in(content: bytes) -> tuple[Block, ...]:
    """Return the blocks in *content*, in order; none where no form is recognized."""
    return _blocks(content, layers=2)


def _blocks(content: bytes, *, layers: int) -> tuple[Block, ...]:
    """Return the blocks, looking through at most *layers* of base64."""
    binary = _binary_block(content)
    if binary:
        return (binary,)
    text = _text(content)
    found = tuple(_pem_blocks(text)) or _other_form(text)
    decoded = _from_base64(text)
    if found or decoded is None or not layers:
        return found
    return _blocks(decoded, layers=layers - 1)


def _binary_block(content: bytes) -> Block | None:
    store = _KEY_STORES.get(content[:4])
    if store:
        return Block(store, content)
    label = "PKCS12" if _PKCS12.match(content) else label_of(content)
    return Block(label, content) if label else None


def _text(content: bytes) -> str:
    """Return *content* as text without what tools put around and into it; empty if binary."""
    try:
        text = in_utf8(content).decode()
    except UnicodeDecodeError:
        return ""
    text = _ESCAPED_SLASH.sub("/", _ESCAPED_BREAK.sub("\n", text))
    text = _LINE_GOES_ON.sub("", text)
    return text.strip(" \t\r\n\"'`\ufeff")


def _other_form(text: str) -> tuple[Block, ...]:
    return tuple(Block(label) for prefix, label in _PREFIXES if text.startswith(prefix))


def _pem_blocks(text: str) -> Iterator[Block]:
    """Yield each block from its BEGIN to its END; one without END is yielded empty, as the last."""
    begin = _BEGIN.search(text)
    while begin:
        ending = f"-----END {begin[1]}-----"
        end = text.find(ending, begin.end())
        if end < 0:
            yield Block(begin[1])
            return
        yield _block(begin[1], text[begin.end() : end])
        begin = _BEGIN.search(text, end + len(ending))


def _block(label: str, body: str) -> Block:
    legacy = _LEGACY_HEADER.match(body)
    if legacy:
        return Block(label, _from_base64(body[legacy.end() :]) or b"", legacy["info"])
    if "DEK-Info:" in body:
        return Block(label, dek_info=UNKNOWN_CIPHER)
    der = _from_base64(body) or b""
    return Block((label in _TOLD_APART and label_of(der)) or label, der)


def _from_base64(text: str) -> bytes | None:
    compact = _BETWEEN_LINES.sub("", text)
    if not _BASE64.fullmatch(compact):
        return None
    padded = compact.rstrip("=") + "=" * (-len(compact.rstrip("=")) % 4)
    try:
        return base64.b64decode(padded.replace("-", "+").replace("_", "/"))
    except ValueError:
        return None
