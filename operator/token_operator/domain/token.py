"""An access token, what Salesforce answered with it, and what a proof of it shows."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from token_operator.domain.org_identity import OrgIdentity

FINGERPRINT_DIGITS = 16


def fingerprint_of(value: str) -> str:
    """Return what stands for a token in status, annotations and logs.

    The form is ``sha256:`` and the first 16 hexadecimal digits of the SHA-256 of *value*.
    """
    digest = hashlib.sha256(value.encode()).hexdigest()
    return f"sha256:{digest[:FINGERPRINT_DIGITS]}"


class ExpirySource(StrEnum):
    """Where the expiry of a token is known from, best first."""

    RESPONSE = "Response"
    TOKEN_CLAIM = "TokenClaim"  # noqa: S105 - the name of a source, not a secret
    INTROSPECTION = "Introspection"
    CONFIGURED = "Configured"


# An expiry from these is a fixed instant; any other moves with every proof.
FIXED_SOURCES: Final = frozenset({ExpirySource.RESPONSE, ExpirySource.TOKEN_CLAIM})


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token that Salesforce issued, with what its answer said."""

    value: str = field(repr=False)
    identity: OrgIdentity
    scopes: tuple[str, ...] = ()
    # An expiry that activity does not move, where Salesforce returned one.
    fixed_expiry: datetime | None = None
    expiry_source: ExpirySource = ExpirySource.CONFIGURED

    @property
    def instance_url(self) -> str:
        """Where the token is used."""
        return self.identity.instance_url

    @property
    def fingerprint(self) -> str:
        """What stands for this token where it must not be shown."""
        return fingerprint_of(self.value)


class Verdict(StrEnum):
    """What a proof found out about a token."""

    ALIVE = "alive"
    DEAD = "dead"
    # The verifier cannot judge this token (no scope, no permission); no death.
    UNDECIDABLE = "unknown"


class Verifier(StrEnum):
    """A way to prove that a token works."""

    LIMITS = "limits"
    USERINFO = "userinfo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The result of one verification."""

    verdict: Verdict
    verifier: Verifier
    message: str = ""
    username: str = ""
    # Share of the org's daily API requests that is used, 0..1; None if unknown.
    api_usage: float | None = None
