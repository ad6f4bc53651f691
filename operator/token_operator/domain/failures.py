"""Every failure: its reason, its class and the remedy that mends it.

A failure is raised where the fact is known. Its type decides once how it is
retried (transient, rate limited or terminal) and what the user has to do.
One file, however long: who looks up what a reason means finds it here.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import Flag, StrEnum, auto
from functools import lru_cache
from types import MappingProxyType
from typing import ClassVar, Final


class FailureClass(StrEnum):
    """How a failure is retried."""

    TRANSIENT = "Transient"
    RATE_LIMITED = "RateLimited"
    TERMINAL = "Terminal"


class Origin(Flag):
    """Where a kind of failure may arise."""

    SPEC = auto()
    SOURCE = auto()
    TARGET = auto()
    LOGIN = auto()
    VERIFICATION = auto()
    # Any call to Salesforce.
    CALL = LOGIN | VERIFICATION


class Sent(Flag):
    """A value that a login sends, and that a refusal may be about."""

    USERNAME = auto()
    CONSUMER_KEY = auto()
    CONSUMER_SECRET = auto()
    REFRESH_TOKEN = auto()


_kinds: dict[str, type["FailureError"]] = {}
# The canonical kind of each reason, in the order of this file: what a reason in a status is read
# back as, and whose remedy stands for the reason. Filled as the kinds below are defined.
KINDS: Final[Mapping[str, type["FailureError"]]] = MappingProxyType(_kinds)


class FailureError(Exception):
    """A failure with a reason, a message that says what happened, and a remedy.

    The message never holds key material, a token, an assertion or a value that
    was read through a reference.

    A kind that states its reason is the canonical kind of that reason; there is one. Every other
    kind with the reason names it (``variant_of=``) or inherits from it. Canonical kinds are
    defined in this module; variants may be defined where they are raised.
    """

    reason: ClassVar[str]
    remedy: ClassVar[str] = ""
    failure_class: ClassVar[FailureClass]
    # Salesforce needs 2 to 10 minutes to propagate a change of an app; until
    # then this answer may be an echo of the old state.
    may_be_propagation: ClassVar[bool] = False
    # The host fails for everybody, not for this connection alone.
    is_host_wide: ClassVar[bool] = False
    # The credentials themselves were refused (condition CredentialsValid).
    blames_credentials: ClassVar[bool] = False
    # What refuses the login may have ended the sessions as well (a user is deactivated, a consumer
    # secret replaced, an approval revoked): the token that is held has to be verified at once.
    may_have_ended_sessions: ClassVar[bool] = False
    origin: ClassVar[Origin] = Origin.LOGIN
    # The first wait where logins make it worse; None: the one of the class (see backoff.py).
    first_delay: ClassVar[timedelta | None] = None
    # The values that may be wrong: named in the message by where they are read from.
    about: ClassVar[Sent] = Sent(0)

    def __init_subclass__(cls, *, variant_of: type["FailureError"] | None = None) -> None:
        """Register the kind; raise TypeError if another one is canonical for its reason."""
        super().__init_subclass__()
        if variant_of is not None:
            cls.reason = variant_of.reason
        elif "reason" in vars(cls) and _kinds.setdefault(cls.reason, cls) is not cls:
            raise TypeError(f"{cls.reason} has a canonical kind: define a variant_of it.")

    def __init__(
        self,
        message: str,
        *,
        remedy: str | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.advice = type(self).remedy if remedy is None else remedy
        self.retry_after = retry_after

    def sentence(self) -> str:
        """Return message and remedy as one text for a person."""
        return f"{self.message} {self.advice}".strip()


class TransientError(FailureError):
    """A failure that is likely to pass; retried soon."""

    failure_class = FailureClass.TRANSIENT


class RateLimitedError(FailureError):
    """A failure that goes away when the quota allows it."""

    failure_class = FailureClass.RATE_LIMITED


class TerminalError(FailureError):
    """A failure that waits for a person."""

    failure_class = FailureClass.TERMINAL


# --- Salesforce cannot be reached or cannot answer ---------------------------


class SalesforceUnavailableError(TransientError):
    """Salesforce answered with a server error."""

    reason = "SalesforceUnavailable"
    remedy = "The operator retries automatically; see status.salesforce.com for the instance."
    is_host_wide = True
    origin = Origin.CALL


class RetryRequestedError(TransientError, variant_of=SalesforceUnavailableError):
    """Salesforce asked to send this one request again."""

    remedy = (
        "The operator retries automatically; if the error persists, set spec.org.loginURL to the "
        "My Domain URL."
    )
    origin = Origin.CALL


class AnswerInvalidError(TransientError):
    """Salesforce returned an unusable response."""

    reason = "AnswerInvalid"
    remedy = (
        "The operator retries automatically; if the error persists, check that spec.org.loginURL "
        "is a Salesforce login URL and that no proxy answers in its place."
    )
    origin = Origin.CALL


class NetworkError(TransientError):
    """The host cannot be reached."""

    reason = "NetworkError"
    remedy = (
        "Check DNS, egress rules and HTTPS_PROXY between the operator and the host; the operator "
        "retries automatically."
    )
    is_host_wide = True
    origin = Origin.CALL


class TLSError(TransientError):
    """The host's certificate is not trusted."""

    reason = "TLSError"
    remedy = (
        "If a proxy re-signs traffic, pass its CA certificate with --ca-file; the operator "
        "retries automatically."
    )
    is_host_wide = True
    origin = Origin.CALL


# --- Quotas ------------------------------------------------------------------


class LoginRateExceededError(RateLimitedError):
    """The integration user logged in too often."""

    reason = "LoginRateExceeded"
    remedy = (
        "Salesforce allows 3,600 logins per user and hour, from all clients together. Find the "
        "client that logs in too often in Setup, Login History, or give this connection a user "
        "of its own."
    )
    about = Sent.USERNAME


class RequestRateExceededError(RateLimitedError):
    """Salesforce answered a call other than a login with status 429."""

    reason = "RequestRateExceeded"
    remedy = (
        "Too many requests reach this org. The operator waits as long as Salesforce asks, "
        "else 15 minutes; look for the client that sends them in Setup, API Usage."
    )
    origin = Origin.CALL


class LoginBudgetExhaustedError(RateLimitedError):
    """The operator's own login budget of the integration user is used up."""

    reason = "LoginBudgetExhausted"
    remedy = (
        "The operator logs in at most 1,800 times per user and hour. Let connections share one "
        "target, or give them integration users of their own."
    )


class RepeatedDeathError(RateLimitedError):
    """Tokens of this connection die faster than they may be replaced."""

    reason = "TokenDied"
    remedy = (
        "Something ends the session again and again: look in Setup, Session Management and "
        "Connected Apps OAuth Usage, for a client that logs out or revokes."
    )


# --- The app, the user, the org ----------------------------------------------


class UserNotApprovedError(TerminalError):
    """The integration user has not approved the connected app."""

    reason = "UserNotApproved"
    remedy = (
        "Check that the username and spec.org.loginURL are of the same org or sandbox: Salesforce "
        "returns the same error for a username that does not exist in the org. Then, in Setup, "
        "Manage Connected Apps (or External Client App Manager), Edit Policies: set Permitted "
        "Users to 'Admin approved users are pre-authorized' and assign a profile or permission set "
        "of the integration user."
    )
    may_be_propagation = True
    blames_credentials = True
    may_have_ended_sessions = True
    about = Sent.USERNAME | Sent.CONSUMER_KEY


class UserNotAssignedError(TerminalError):
    """The app is admin approved and the integration user is not among its users."""

    reason = "UserNotAssigned"
    remedy = (
        "In Setup, Manage Connected Apps (or External Client App Manager), assign a profile or "
        "permission set of the integration user to the app."
    )
    may_be_propagation = True
    blames_credentials = True
    may_have_ended_sessions = True
    about = Sent.USERNAME


class AppNotFoundError(TerminalError):
    """The app is not installed in the org."""

    reason = "AppNotFound"
    remedy = (
        "Install or enable the app in the org; and set both spec.org.loginURL and "
        "spec.org.audience to the My Domain URL, as orgs since Spring '26 refuse login and test "
        "as audience."
    )
    may_be_propagation = True
    blames_credentials = True
    may_have_ended_sessions = True
    about = Sent.CONSUMER_KEY


class AppBlockedError(TerminalError):
    """An admin has blocked the app."""

    reason = "AppBlocked"
    remedy = "In Setup, Connected Apps OAuth Usage, choose Unblock for the app."
    blames_credentials = True
    may_have_ended_sessions = True
    about = Sent.CONSUMER_KEY


class ScopeMissingError(TerminalError):
    """The app lacks the scope that the JWT bearer grant needs."""

    reason = "ScopeMissing"
    remedy = (
        "Add the scopes 'Manage user data via APIs (api)' and 'Perform requests at any time "
        "(refresh_token, offline_access)' to the app, and pre-authorize the user."
    )
    may_be_propagation = True
    blames_credentials = True
    may_have_ended_sessions = True
    about = Sent.CONSUMER_KEY


class AudienceInvalidError(TerminalError):
    """The audience of the assertion is not one that the org accepts."""

    reason = "AudienceInvalid"
    remedy = (
        "Set spec.org.audience: https://login.salesforce.com for production, "
        "https://test.salesforce.com for a sandbox, or the My Domain or site URL."
    )
    blames_credentials = True


class ClockSkewError(TerminalError):
    """Salesforce considers the assertion expired."""

    reason = "ClockSkew"
    remedy = "Synchronize the clocks of the cluster's nodes (NTP)."


class SignatureRejectedError(TerminalError):
    """Salesforce refused the signature of the assertion."""

    reason = "SignatureRejected"
    remedy = (
        "Upload the certificate that belongs to this private key to the app (Use digital "
        "signatures), and save; the upload field clears itself when the form reloads. Changes can "
        "take up to 10 minutes to take effect."
    )
    may_be_propagation = True
    blames_credentials = True


class ConsumerKeyUnknownError(TerminalError):
    """Salesforce does not know the consumer key."""

    reason = "ConsumerKeyUnknown"
    remedy = (
        "Compare the consumer key with the app's (Setup, App Manager, View, Manage Consumer "
        "Details), and check that spec.org.loginURL is of the org that has the app."
    )
    may_be_propagation = True
    blames_credentials = True
    may_have_ended_sessions = True
    about = Sent.CONSUMER_KEY


class ClientCredentialsInvalidError(TerminalError):
    """The consumer secret does not match the consumer key."""

    reason = "ClientCredentialsInvalid"
    remedy = "Compare the consumer secret with the one of the app (Manage Consumer Details)."
    may_be_propagation = True
    blames_credentials = True
    may_have_ended_sessions = True
    about = Sent.CONSUMER_KEY | Sent.CONSUMER_SECRET


class AuthenticationFailedError(TerminalError):
    """Salesforce refused the login without saying which part is wrong."""

    reason = "AuthenticationFailed"
    remedy = (
        "Check the username, that the user is active and has 'API Enabled'; Setup, Login History "
        "shows the cause."
    )
    blames_credentials = True
    may_have_ended_sessions = True
    about = Sent.USERNAME


class UserInactiveError(TerminalError):
    """The integration user is deactivated or frozen."""

    reason = "UserInactive"
    remedy = (
        "Activate or unfreeze the integration user in Setup, Users, or name another one. "
        "Salesforce itself freezes a user whose API traffic comes from high-risk addresses "
        "(containment): find that traffic in Setup, Login History first, else the user is frozen "
        "again."
    )
    blames_credentials = True
    may_have_ended_sessions = True
    # Logins after a freeze make it worse: three in any hour are the most (decision 0021).
    first_delay = timedelta(minutes=20)
    about = Sent.USERNAME


class OrgInactiveError(TerminalError):
    """The org is locked, closed or suspended."""

    reason = "OrgInactive"
    remedy = "Ask Salesforce to unlock the org, or point the connection at another one."
    blames_credentials = True
    may_have_ended_sessions = True


class IPRestrictedError(TerminalError):
    """Logins from the operator's address are not allowed."""

    reason = "IPRestricted"
    remedy = (
        "Relax IP restrictions in the app's policies, or add the cluster's egress addresses to "
        "the profile's Login IP Ranges."
    )
    blames_credentials = True
    may_have_ended_sessions = True


class LoginHoursRestrictedError(TerminalError):
    """The profile does not allow logins at this hour."""

    reason = "LoginHoursRestricted"
    remedy = "Widen Login Hours in the profile of the integration user."
    blames_credentials = True
    may_have_ended_sessions = True
    about = Sent.USERNAME


class RefreshTokenExpiredError(TerminalError):
    """The refresh token is expired, revoked or already used."""

    reason = "RefreshTokenExpired"
    remedy = "Approve the app again and store the new refresh token."
    blames_credentials = True
    may_have_ended_sessions = True
    about = Sent.REFRESH_TOKEN


class RunAsUserMissingError(TerminalError):
    """The app has no user for client credentials to run as."""

    reason = "RunAsUserMissing"
    remedy = (
        "In the app's policies, Client Credentials Flow, set Run As to the integration user, who "
        "should have the permission API Only User."
    )
    blames_credentials = True
    may_have_ended_sessions = True
    about = Sent.CONSUMER_KEY


class DPoPRequiredError(TerminalError):
    """The app requires DPoP (RFC 9449), and no token in a Secret works without a proof."""

    reason = "DPoPRequired"
    remedy = (
        "In the app's policies, allow DPoP but do not require it: each call with such a token "
        "needs a proof signed with a key, which clients that read a Secret do not send."
    )
    blames_credentials = True
    may_have_ended_sessions = True
    about = Sent.CONSUMER_KEY


class WrongDomainError(TerminalError):
    """The grant does not work at this login host."""

    reason = "WrongDomain"
    remedy = "Set spec.org.loginURL to the My Domain URL, https://<My Domain>.my.salesforce.com."
    blames_credentials = True


class GrantDisabledError(TerminalError):
    """The grant is not enabled on the app or in the org."""

    reason = "GrantDisabled"
    remedy = (
        "Enable the flow on the app (for JWT bearer: Use digital signatures, or Enable JWT Bearer "
        "Flow of an External Client App)."
    )
    blames_credentials = True
    may_have_ended_sessions = True
    about = Sent.CONSUMER_KEY


class RequestRefusedError(TerminalError, variant_of=AuthenticationFailedError):
    """Salesforce refused the login for a reason this version does not know."""

    remedy = "See Setup, Login History for the cause."
    blames_credentials = True
    may_have_ended_sessions = True
    about = ~Sent(0)


class HostNotAllowedError(TerminalError):
    """Tokens may not be requested from this host or used at it."""

    reason = "HostNotAllowed"
    remedy = "If the host is right, ask the cluster admin to add it with --allowed-host."
    origin = Origin.SPEC


class OrgMismatchError(TerminalError):
    """The token belongs to a different org than the connection expects."""

    reason = "OrgMismatch"
    remedy = "Correct spec.org.expectedOrgID, or the login URL and the consumer key."


# --- The cluster's side ------------------------------------------------------


class SourceSecretMissingError(TerminalError):
    """A source Secret does not exist."""

    reason = "SourceSecretMissing"
    remedy = "Create it in the namespace of the connection."
    origin = Origin.SOURCE
    blames_credentials = True


class SourceKeyMissingError(TerminalError):
    """A source Secret lacks an entry."""

    reason = "SourceKeyMissing"
    remedy = "Add the entry, or name another one in the connection."
    origin = Origin.SOURCE
    blames_credentials = True


class SourceForbiddenError(TransientError, variant_of=SourceSecretMissingError):
    """The operator may not read a source Secret."""

    remedy = "Allow the operator's service account to get Secrets in this namespace."
    origin = Origin.SOURCE
    blames_credentials = True


class KeyInvalidError(TerminalError):
    """The key material cannot be read."""

    reason = "KeyInvalid"
    remedy = "Store an RSA private key in PEM form."
    origin = Origin.SOURCE
    blames_credentials = True


class KeyTooSmallError(TerminalError):
    """The private key is shorter than Salesforce accepts."""

    reason = "KeyTooSmall"
    remedy = "Create a new RSA key of at least 2048 bits."
    origin = Origin.SOURCE
    blames_credentials = True


class PassphraseWrongError(TerminalError):
    """The passphrase does not open the key."""

    reason = "PassphraseWrong"
    remedy = "Name the right entry in passphraseEntry, or correct its content."
    origin = Origin.SOURCE
    blames_credentials = True


class CertificateMismatchError(TerminalError):
    """The certificate does not match the private key."""

    reason = "CertificateMismatch"
    remedy = "Store the certificate that belongs to the private key."
    origin = Origin.SOURCE
    blames_credentials = True


class TargetNotOwnedError(TerminalError):
    """A Secret with the target's name exists and is not owned by this connection."""

    reason = "TargetNotOwned"
    remedy = (
        "Name another target, or delete the Secret if it is no longer needed; creationPolicy Adopt "
        "takes it, and Merge adds entries to it."
    )
    origin = Origin.TARGET


class TargetConflictError(TerminalError):
    """Another connection owns the target."""

    reason = "TargetConflict"
    remedy = "Give each connection a target of its own."
    origin = Origin.TARGET


class TargetMissingError(TerminalError):
    """The Secret to merge into does not exist."""

    reason = "TargetMissing"
    remedy = "Create the Secret, or use creationPolicy Create."
    origin = Origin.TARGET


class TargetImmutableError(TerminalError):
    """The target is immutable."""

    reason = "TargetImmutable"
    remedy = "Delete the immutable Secret; the operator creates it again."
    origin = Origin.TARGET


class TargetForbiddenError(TerminalError):
    """The operator may not write the target."""

    reason = "TargetForbidden"
    remedy = "Allow the operator's service account to create and patch Secrets in this namespace."
    origin = Origin.TARGET


class TargetRefusedError(TerminalError):
    """The API server rejects the target; the message quotes its reason."""

    reason = "TargetRefused"
    remedy = "Fix the fields that the API server rejected."
    origin = Origin.TARGET


class TargetContestedError(TerminalError):
    """Another writer undoes each repair of the target."""

    reason = "TargetContested"
    remedy = (
        "Stop the other writer from changing this Secret, or give the connection a target of its "
        "own; the operator goes on repairing it, every 30 s to 5 min."
    )
    origin = Origin.TARGET


class EntryConflictError(TerminalError):
    """Presets or data define the same entry with different content."""

    reason = "EntryConflict"
    remedy = "Remove one of the presets, or the entry from data."
    origin = Origin.SPEC


class SpecInvalidError(TerminalError):
    """The spec of the connection cannot be served."""

    reason = "SpecInvalid"
    remedy = "Correct the field."
    origin = Origin.SPEC | Origin.TARGET


class NotSupportedYetError(TerminalError):
    """The connection uses a feature that this version does not support yet."""

    reason = "NotSupportedYet"
    remedy = "Leave the field at its default, or use a version that supports it."
    origin = Origin.SPEC


class VerificationImpossibleError(TerminalError):
    """Nothing can verify the token."""

    reason = "VerificationImpossible"
    remedy = "Add the scope 'Manage user data via APIs (api)' to the app."
    origin = Origin.VERIFICATION


# --- From a reason back to its kind ------------------------------------------


def kind_of(reason: str, failure_class: FailureClass) -> type[FailureError]:
    """Return the canonical kind of *reason* as read from a status.

    A reason that this version does not know, written by a later one, becomes a kind of
    *failure_class* that keeps the reason, has no remedy and is taken for one of a login.
    """
    return KINDS.get(reason) or _unknown_kind(reason, failure_class)


# Cached so that two reads of one status give the same kind.
@lru_cache(maxsize=64)
def _unknown_kind(reason: str, failure_class: FailureClass) -> type[FailureError]:
    class UnknownError(FailureError):
        """A failure that a later version of the operator knows."""

    UnknownError.reason = reason
    UnknownError.failure_class = failure_class
    return UnknownError
