"""Every failure has a reason, a class and a remedy."""

import pytest

from token_operator.domain import failures
from token_operator.domain.failures import FailureClass, FailureError, UserInactiveError

# The list of design.md, section 9.
REASONS = {
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
    "EntryConflict",
    "SpecInvalid",
    "NotSupportedYet",
    "LoginBudgetExhausted",
    "RequestRateExceeded",
    "VerificationImpossible",
    "IdentityChanged",
    "Suspended",
    "TokenDied",
}
# Reasons that a condition has by itself: nothing failed.
BY_CONDITION = {"VerificationImpossible", "IdentityChanged", "Suspended"}
BASES = {"TransientError", "RateLimitedError", "TerminalError", "FailureError"}
KINDS = [
    kind
    for name, kind in sorted(vars(failures).items())
    if isinstance(kind, type) and issubclass(kind, FailureError) and name not in BASES
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_failure_has_a_listed_reason_a_class_and_a_remedy(kind: type[FailureError]) -> None:
    assert kind.reason in REASONS
    assert isinstance(kind.failure_class, FailureClass)
    assert kind.remedy.endswith(".")
    assert kind("It failed.").sentence() == f"It failed. {kind.remedy}"


def test_every_listed_reason_has_a_failure() -> None:
    assert {kind.reason for kind in KINDS} | BY_CONDITION == REASONS


def test_remedy_can_be_given_where_it_is_better_known() -> None:
    assert UserInactiveError("No.", remedy="Ask Bob.").sentence() == "No. Ask Bob."
    assert UserInactiveError("No.", remedy="").sentence() == "No."
