"""What a login is made with: read from the source Secrets, ready to use."""

import hashlib
from dataclasses import dataclass, field

from token_operator.domain.failures import FailureError
from token_operator.salesforce.keys.signer import Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The credentials of one connection; what its grant does not need is empty."""

    consumer_key: str = field(repr=False)
    username: str = field(default="", repr=False)
    # The keys that can be used, in order; empty for grants without keys.
    keys: tuple[Signer, ...] = ()
    # Why the others cannot be used.
    unusable: tuple[FailureError, ...] = ()
    consumer_secret: str = field(default="", repr=False)
    # The token that the grant exchanges, such as a refresh token.
    stored_token: str = field(default="", repr=False)

    @property
    def problems(self) -> tuple[FailureError, ...]:
        """What is wrong with the sources and stops no login: keys and certificates."""
        certificates = (key.certificate_problem for key in self.keys)
        return (*self.unusable, *(problem for problem in certificates if problem is not None))

    @property
    def mark(self) -> str:
        """What stands for the credential in memory: another mark has to be proven by a login.

        It is the fingerprint of the first key, or a hash of the secret, which is never shown.
        """
        if self.keys:
            return self.keys[0].fingerprint
        secret = self.stored_token or self.consumer_secret
        return hashlib.sha256(secret.encode()).hexdigest()

    def mark_beside(self, proven: str) -> str:
        """Return *proven* where it is of one of the keys, else the mark that wants a proof."""
        is_there = any(key.fingerprint == proven for key in self.keys)
        return proven if is_there else self.mark
