"""The reasons of design section 9 that this version knows, letter by letter.

Users rely on these names. The list is written out here, once, and not taken from the registry of
kinds: tests compare the registry and the documents with it.
"""

from typing import Final

PROMISED_REASONS: Final = frozenset(
    [
        "UserNotApproved",
        "UserNotAssigned",
        "AppNotFound",
        "ScopeMissing",
        "AudienceInvalid",
        "ClockSkew",
        "SignatureRejected",
        "ConsumerKeyUnknown",
        "ClientCredentialsInvalid",
        "AuthenticationFailed",
        "UserInactive",
        "OrgInactive",
        "IPRestricted",
        "LoginHoursRestricted",
        "LoginRateExceeded",
        "RefreshTokenExpired",
        "RunAsUserMissing",
        "DPoPRequired",
        "WrongDomain",
        "GrantDisabled",
        "AppBlocked",
        "SalesforceUnavailable",
        "AnswerInvalid",
        "NetworkError",
        "TLSError",
        "HostNotAllowed",
        "OrgMismatch",
        "SourceSecretMissing",
        "SourceKeyMissing",
        "KeyInvalid",
        "KeyTooSmall",
        "PassphraseWrong",
        "CertificateMismatch",
        "TargetNotOwned",
        "TargetConflict",
        "TargetMissing",
        "TargetImmutable",
        "TargetForbidden",
        "TargetRefused",
        "TargetContested",
        "EntryConflict",
        "SpecInvalid",
        "NotSupportedYet",
        "RequestRateExceeded",
        "LoginBudgetExhausted",
        "VerificationImpossible",
        "IdentityChanged",
        "Suspended",
        "TokenDied",
    ]
)
