"""Reading and verifying the signed JWT of a JWT bearer login (RFC 7523)."""

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

from fakeorg.protocol.refusals import INVALID_ASSERTION, RefusedError

_JWS: Final = jwt.PyJWS()


@dataclass(frozen=True, slots=True)
class Assertion:
    """An assertion that could be read; nothing about it is verified."""

    text: str = field(repr=False)
    claims: dict[str, object] = field(repr=False)

    @property
    def consumer_key(self) -> str | None:
        """The `iss` claim."""
        return _text(self.claims.get("iss"))

    @property
    def username(self) -> str | None:
        """The user: `prn` if it is there, else `sub`."""
        return _text(self.claims.get("prn", self.claims.get("sub")))


def read(text: str | None) -> Assertion:
    """Return the assertion, or raise RefusedError if it is none or is not signed with RS256."""
    parts = (text or "").split(".")
    if text is None or len(parts) != 3:
        raise RefusedError(INVALID_ASSERTION)
    header, claims = _json_object(parts[0]), _json_object(parts[1])
    if header.get("alg") != "RS256":
        raise RefusedError(INVALID_ASSERTION)
    return Assertion(text, claims)


def is_signed_by(assertion: Assertion, certificates: Iterable[str]) -> bool:
    """Return whether the key of one of the certificates made the signature; dates do not matter."""
    return any(_verifies(assertion.text, certificate) for certificate in certificates)


def _verifies(text: str, certificate: str) -> bool:
    key = _public_key(certificate)
    if key is None:
        return False
    try:
        _JWS.decode(text, key, algorithms=["RS256"])
    except jwt.InvalidTokenError:
        return False
    return True


@lru_cache(maxsize=16_384)
def _public_key(certificate: str) -> RSAPublicKey | None:
    try:
        key = load_pem_x509_certificate(certificate.encode()).public_key()
    except ValueError:
        return None
    return key if isinstance(key, RSAPublicKey) else None


def _json_object(part: str) -> dict[str, object]:
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        content = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise RefusedError(INVALID_ASSERTION) from error
    if not isinstance(content, dict):
        raise RefusedError(INVALID_ASSERTION)
    return content


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
