"""What can happen to the token of one connection, as values.

Each is the outcome of something that was done or seen outside: a login, a verification, a look
at the source Secrets. ``domain/lifecycle.py`` says what each of them changes.
"""

from dataclasses import dataclass, field
from datetime import datetime

from token_operator.domain.connection import TokenSettings
from token_operator.domain.failing import Circumstances
from token_operator.domain.failures import FailureError
from token_operator.domain.life import HeldToken
from token_operator.domain.state import Login
from token_operator.domain.status import AuthStatus
from token_operator.domain.token import Proof


@dataclass(frozen=True, slots=True)
class TokenRestored:
    """The targets were searched after a start; *held* is None where no token was found."""

    held: HeldToken | None


@dataclass(frozen=True, slots=True)
class BasisSeen:
    """What a login stands on was looked at: spec, source versions and renew request."""

    basis: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SourcesRead:
    """The source Secrets were read and can be used; *versions* are by name of a Secret."""

    grant: str
    versions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SourcesRefused:
    """The source Secrets cannot be used."""

    failure: FailureError
    circumstances: Circumstances


@dataclass(frozen=True, slots=True)
class LoginSent:
    """A login is on its way, whatever its answer will be."""

    at: datetime


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Salesforce answered a login with a token, the same as before or another."""

    login: Login
    auth: AuthStatus
    settings: TokenSettings


@dataclass(frozen=True, slots=True)
class RefreshTokenUsed:
    """A refresh token was exchanged for the next one."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoginFailed:
    """A login failed; *renew_request* is the one that this answers."""

    failure: FailureError
    circumstances: Circumstances
    renew_request: str


@dataclass(frozen=True, slots=True)
class LoginPostponed:
    """No login was tried: its host fails for others, or the user's budget is used up.

    A renewal that was requested by annotation is still to be done.
    """

    failure: FailureError
    circumstances: Circumstances


@dataclass(frozen=True, slots=True)
class ApiVersionFound:
    """The version of the REST API to use at the org was found."""

    version: str


@dataclass(frozen=True, slots=True)
class Verified:
    """A verification got an answer."""

    proof: Proof
    at: datetime


@dataclass(frozen=True, slots=True)
class VerificationFailed:
    """A verification got no answer; it proves nothing."""

    failure: FailureError
    circumstances: Circumstances


@dataclass(frozen=True, slots=True)
class VerificationPostponed:
    """No verification was tried: its host fails for others; it proves nothing either."""

    failure: FailureError
    circumstances: Circumstances


@dataclass(frozen=True, slots=True)
class LifeIntrospected:
    """Introspection showed, right after a proof, when the session ends."""

    expires_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class RevocationTried:
    """The revocation of the token's session was tried, with success or without."""

    at: datetime


@dataclass(frozen=True, slots=True)
class HostRecovered:
    """Another connection got an answer from a host that failed."""

    at: datetime


@dataclass(frozen=True, slots=True)
class WorkResumed:
    """The connection is no longer suspended."""


@dataclass(frozen=True, slots=True)
class OrgRespecified:
    """The spec names another org; *api_version* is the one that it names, empty if none."""

    api_version: str


Outcome = (
    TokenRestored
    | BasisSeen
    | SourcesRead
    | SourcesRefused
    | LoginSent
    | LoggedIn
    | RefreshTokenUsed
    | LoginFailed
    | LoginPostponed
    | ApiVersionFound
    | Verified
    | VerificationFailed
    | VerificationPostponed
    | LifeIntrospected
    | RevocationTried
    | HostRecovered
    | WorkResumed
    | OrgRespecified
)
