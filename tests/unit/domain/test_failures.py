"""Every failure has a reason, a class and a remedy."""

from importlib import import_module
from pkgutil import walk_packages

import pytest

import token_operator
from support.promised_reasons import PROMISED_REASONS
from token_operator.domain import failures
from token_operator.domain.failures import (
    KINDS,
    AuthenticationFailedError,
    FailureClass,
    FailureError,
    NetworkError,
    Origin,
    RepeatedDeathError,
    SalesforceUnavailableError,
    SourceSecretMissingError,
    TransientError,
    UserInactiveError,
    kind_of,
)

# Reasons that only a condition has: nothing failed.
OF_CONDITIONS = {"IdentityChanged", "Suspended"}
BASES = {"TransientError", "RateLimitedError", "TerminalError", "FailureError"}
ALL_KINDS = [
    kind
    for name, kind in sorted(vars(failures).items())
    if isinstance(kind, type) and issubclass(kind, FailureError) and name not in BASES
]


@pytest.mark.parametrize("kind", ALL_KINDS, ids=lambda kind: kind.__name__)
def test_failure_has_a_listed_reason_a_class_and_a_remedy(kind: type[FailureError]) -> None:
    assert kind.reason in PROMISED_REASONS
    assert isinstance(kind.failure_class, FailureClass)
    assert kind.remedy.endswith(".")
    assert kind("It failed.").sentence() == f"It failed. {kind.remedy}"


def test_the_registry_holds_the_promised_reasons_and_no_other() -> None:
    assert set(KINDS) | OF_CONDITIONS == PROMISED_REASONS


def test_every_canonical_kind_is_defined_in_the_module_of_failures() -> None:
    # Else the registry would depend on what happens to be imported.
    for module in walk_packages(token_operator.__path__, "token_operator."):
        if not module.name.endswith("__main__"):
            import_module(module.name)

    assert {kind.__module__ for kind in KINDS.values()} == {failures.__name__}


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("SalesforceUnavailable", SalesforceUnavailableError),
        ("AuthenticationFailed", AuthenticationFailedError),
        ("SourceSecretMissing", SourceSecretMissingError),
        ("TokenDied", RepeatedDeathError),
        ("NetworkError", NetworkError),
    ],
)
def test_reason_that_several_kinds_share_stands_for_the_canonical_one(
    reason: str, kind: type[FailureError]
) -> None:
    assert kind_of(reason, FailureClass.TERMINAL) is kind


def test_variant_has_the_reason_of_its_canonical_kind() -> None:
    class OtherError(TransientError, variant_of=NetworkError):
        """Another way to fail."""

    assert OtherError.reason == "NetworkError"
    assert KINDS["NetworkError"] is NetworkError


def test_second_canonical_kind_of_a_reason_is_an_error_where_it_is_defined() -> None:
    with pytest.raises(TypeError, match="NetworkError has a canonical kind"):

        class OtherError(TransientError):
            reason = "NetworkError"

    assert KINDS["NetworkError"] is NetworkError


def test_reason_of_a_later_version_keeps_its_name_and_class() -> None:
    kind = kind_of("QuantumLost", FailureClass.RATE_LIMITED)

    assert (kind.reason, kind.failure_class) == ("QuantumLost", FailureClass.RATE_LIMITED)
    assert (kind.remedy, kind.is_host_wide, kind.origin) == ("", False, Origin.LOGIN)
    assert kind_of("QuantumLost", FailureClass.RATE_LIMITED) is kind
    assert "QuantumLost" not in KINDS


def test_remedy_can_be_given_where_it_is_better_known() -> None:
    assert UserInactiveError("No.", remedy="Ask Bob.").sentence() == "No. Ask Bob."
    assert UserInactiveError("No.", remedy="").sentence() == "No."


def test_refusals_that_surely_end_no_session_are_few() -> None:
    of_a_login = [
        kind
        for kind in KINDS.values()
        if Origin.LOGIN in kind.origin and kind.failure_class is FailureClass.TERMINAL
    ]

    spared = {kind.reason for kind in of_a_login if not kind.may_have_ended_sessions}

    assert spared == {
        "AudienceInvalid",
        "ClockSkew",
        "OrgMismatch",
        "SignatureRejected",
        "WrongDomain",
    }
