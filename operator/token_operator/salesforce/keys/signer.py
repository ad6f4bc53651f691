"""What signs: a key that is here, or one that never leaves the service that holds it.

Nothing above ``salesforce/keys/`` knows which of the two it is.
"""

from datetime import datetime
from typing import Protocol

from token_operator.domain.failures import FailureError
from token_operator.domain.sources import KeyPlace


class Signer(Protocol):
    """A key that signs assertions, and what is known of it without its bytes."""

    @property
    def fingerprint(self) -> str:
        """``SHA256:`` and the base64 of SHA-256 over the DER SubjectPublicKeyInfo."""

    @property
    def bits(self) -> int:
        """The size of the RSA modulus in bits."""

    @property
    def certificate_not_after(self) -> datetime | None:
        """When the certificate of the key expires (aware, UTC); None where there is none."""

    @property
    def certificate_problem(self) -> FailureError | None:
        """Why the certificate cannot be read; None where it can, and where there is none."""

    @property
    def place(self) -> KeyPlace:
        """Where the key is."""

    async def sign(self, signing_input: bytes) -> bytes:
        """Return the signature over *signing_input*.

        RSASSA-PKCS1-v1_5 with SHA-256 (RS256; RFC 7518, section 3.3). Raises a FailureError
        where the key cannot be used now, or not at all.
        """
