"""A private key that is in the memory of this process."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key

from token_operator.domain.failures import FailureError
from token_operator.domain.sources import KeyPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalKey:
    """A private key that is ready to sign, and where it came from; a ``Signer``."""

    # PKCS#8, DER: a third of what OpenSSL keeps of a key that it has read.
    private_der: bytes = field(repr=False)
    fingerprint: str
    bits: int
    certificate_not_after: datetime | None
    # Why the certificate cannot be read; None where it can, and where there is none.
    certificate_problem: FailureError | None = None
    place: KeyPlace

    async def sign(self, signing_input: bytes) -> bytes:
        """Return the signature (RS256), made at once: that takes a fraction of a millisecond."""
        return self.private_key().sign(signing_input, PKCS1v15(), SHA256())

    def private_key(self) -> RSAPrivateKey:
        """Return the key, read anew; that takes a fraction of a millisecond."""
        return cast(
            "RSAPrivateKey",
            load_der_private_key(self.private_der, None, unsafe_skip_rsa_key_validation=True),
        )
