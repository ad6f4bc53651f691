"""Authorization codes: what a browser brings back from the approval page."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from fakeorg.model.ids import new_authorization_code

_LIFETIME: Final = timedelta(minutes=15)


@dataclass(slots=True, kw_only=True)
class AuthorizationCode:
    """A code that is good for one exchange."""

    username: str
    consumer_key: str
    redirect_uri: str
    scopes: tuple[str, ...]
    code_challenge: str | None  # PKCE, S256
    issued_at: datetime
    value: str = field(repr=False, default_factory=new_authorization_code)
    used: bool = False

    def is_good(self, now: datetime) -> bool:
        """Return whether the code may still be exchanged."""
        return not self.used and now < self.issued_at + _LIFETIME

    def is_proved_by(self, verifier: str | None) -> bool:
        """Return whether a PKCE verifier fits the challenge (RFC 7636, section 4.6)."""
        if self.code_challenge is None:
            return True
        digest = hashlib.sha256((verifier or "").encode()).digest()
        expected = base64.urlsafe_b64encode(digest).rstrip(b"=")
        return hmac.compare_digest(expected, self.code_challenge.rstrip("=").encode())
