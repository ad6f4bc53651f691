import json
from datetime import timedelta

import httpx
import pytest

from support.loopback import NOON
from token_operator.domain import failures as f
from token_operator.domain.grants import GrantName
from token_operator.salesforce.refusals import BY_CODE, BY_DESCRIPTION, LoginContext, login_error
from token_operator.salesforce.transport import Answer

JWT, CLIENT, REFRESH = GrantName.JWT_BEARER, GrantName.CLIENT_CREDENTIALS, GrantName.REFRESH_TOKEN
TRANSIENT, LIMITED, TERMINAL = (
    f.FailureClass.TRANSIENT,
    f.FailureClass.RATE_LIMITED,
    f.FailureClass.TERMINAL,
)
SCOPE = (
    "refresh_token scope is required and the connected app should be installed and preauthorized"
)

# The rows of the reference, section 2: error, description, grant, reason, class, propagation.
ROWS = [
    ("invalid_grant", "user hasn't approved this consumer", JWT, "UserNotApproved", TERMINAL, True),
    ("invalid_grant", "user hasn’t approved this consumer", JWT, "UserNotApproved", TERMINAL, True),  # noqa: RUF001
    (
        "invalid_app_access",
        "user is not admin approved to access this app",
        JWT,
        "UserNotAssigned",
        TERMINAL,
        True,
    ),
    (
        "invalid_app_acess",
        "user is not admin approved to access this app",
        CLIENT,
        "UserNotAssigned",
        TERMINAL,
        True,
    ),
    (
        "app_not_found",
        "External client app is not installed in this org",
        JWT,
        "AppNotFound",
        TERMINAL,
        True,
    ),
    ("invalid_client", "app must be installed into org", REFRESH, "AppNotFound", TERMINAL, True),
    ("use_dpop_nonce", "nonce is required", JWT, "DPoPRequired", TERMINAL, False),
    ("invalid_dpop_proof", "no proof", CLIENT, "DPoPRequired", TERMINAL, False),
    ("invalid_request", SCOPE, JWT, "ScopeMissing", TERMINAL, True),
    ("invalid_grant", "audience is invalid", JWT, "AudienceInvalid", TERMINAL, False),
    ("invalid_grant", "Audience validation failed", JWT, "AudienceInvalid", TERMINAL, False),
    ("invalid_grant", "invalid audience", JWT, "AudienceInvalid", TERMINAL, False),
    ("invalid_grant", "expired authorization code", JWT, "ClockSkew", TERMINAL, False),
    (
        "invalid_grant",
        "expired authorization code",
        REFRESH,
        "AuthenticationFailed",
        TERMINAL,
        False,
    ),
    ("invalid_grant", "invalid assertion", JWT, "SignatureRejected", TERMINAL, True),
    ("invalid_client", "invalid client credentials", JWT, "SignatureRejected", TERMINAL, True),
    (
        "invalid_client",
        "invalid client credentials",
        CLIENT,
        "ClientCredentialsInvalid",
        TERMINAL,
        True,
    ),
    ("invalid_client_id", "client identifier invalid", JWT, "ConsumerKeyUnknown", TERMINAL, True),
    (
        "invalid_client_credentials",
        "secret invalid",
        REFRESH,
        "ClientCredentialsInvalid",
        TERMINAL,
        True,
    ),
    ("invalid_grant", "authentication failure", JWT, "AuthenticationFailed", TERMINAL, False),
    ("invalid_grant", "inactive user", JWT, "UserInactive", TERMINAL, False),
    ("inactive_user", "user is inactive", JWT, "UserInactive", TERMINAL, False),
    ("invalid_grant", "inactive organization", JWT, "OrgInactive", TERMINAL, False),
    (
        "inactive_org",
        "organization is locked, closed, or suspended",
        JWT,
        "OrgInactive",
        TERMINAL,
        False,
    ),
    ("invalid_grant", "ip restricted", JWT, "IPRestricted", TERMINAL, False),
    ("invalid_grant", "IP restricted or invalid login hours", JWT, "IPRestricted", TERMINAL, False),
    ("invalid_grant", "invalid login hours", JWT, "LoginHoursRestricted", TERMINAL, False),
    ("invalid_grant", "login rate exceeded", JWT, "LoginRateExceeded", LIMITED, False),
    (
        "rate_limit_exceeded",
        "number of logins exceeded",
        JWT,
        "LoginRateExceeded",
        LIMITED,
        False,
    ),
    ("invalid_grant", "Maximum Logins Exceeded", CLIENT, "RunAsUserMissing", TERMINAL, False),
    (
        "invalid_grant",
        "expired access/refresh token",
        REFRESH,
        "RefreshTokenExpired",
        TERMINAL,
        False,
    ),
    (
        "invalid_grant",
        "token request is already being processed",
        JWT,
        "SalesforceUnavailable",
        TRANSIENT,
        False,
    ),
    ("unknown_error", "retry your request", JWT, "SalesforceUnavailable", TRANSIENT, False),
    ("server_error", "", JWT, "SalesforceUnavailable", TRANSIENT, False),
    ("temporarily_unavailable", "", JWT, "SalesforceUnavailable", TRANSIENT, False),
    (
        "invalid_grant",
        "no client credentials user enabled",
        CLIENT,
        "RunAsUserMissing",
        TERMINAL,
        False,
    ),
    (
        "invalid_grant",
        "request not supported on this domain",
        CLIENT,
        "WrongDomain",
        TERMINAL,
        False,
    ),
    ("invalid_grant", "no valid scopes defined", CLIENT, "ScopeMissing", TERMINAL, True),
    (
        "invalid_request",
        "scope parameter not supported",
        JWT,
        "AuthenticationFailed",
        TERMINAL,
        False,
    ),
    (
        "unauthorized_client",
        "client credentials flow not enabled",
        CLIENT,
        "GrantDisabled",
        TERMINAL,
        False,
    ),
    ("unsupported_grant_type", "grant type not supported", JWT, "GrantDisabled", TERMINAL, False),
    (
        "invalid_scope",
        "the requested scope is not allowed",
        REFRESH,
        "ScopeMissing",
        TERMINAL,
        True,
    ),
    (
        "redirect_uri_mismatch",
        "redirect_uri must match configuration",
        REFRESH,
        "AuthenticationFailed",
        TERMINAL,
        False,
    ),
    (
        "invalid_grant",
        "invalid authorization code",
        REFRESH,
        "AuthenticationFailed",
        TERMINAL,
        False,
    ),
    ("invalid_grant", "invalid code verifier", REFRESH, "AuthenticationFailed", TERMINAL, False),
    (
        "invalid_grant",
        "missing required code challenge",
        REFRESH,
        "AuthenticationFailed",
        TERMINAL,
        False,
    ),
    ("OAUTH_APP_BLOCKED", "this app is blocked by admin", JWT, "AppBlocked", TERMINAL, False),
    (
        "OAUTH_APP_ACCESS_DENIED",
        "user is not admin approved to access this app",
        JWT,
        "UserNotAssigned",
        TERMINAL,
        True,
    ),
    (
        "OAUTH_EC_APP_NOT_FOUND",
        "External client app is not installed in this org",
        JWT,
        "AppNotFound",
        TERMINAL,
        True,
    ),
    ("authorization_pending", "", REFRESH, "SalesforceUnavailable", TRANSIENT, False),
    ("slow_down", "", REFRESH, "SalesforceUnavailable", TRANSIENT, False),
    ("expired_token", "", REFRESH, "SalesforceUnavailable", TRANSIENT, False),
    ("invalid_request", "must use HTTP POST", JWT, "AuthenticationFailed", TERMINAL, False),
    ("invalid_request", "https required", JWT, "AuthenticationFailed", TERMINAL, False),
    ("invalid_request", "missing required parameter", JWT, "AuthenticationFailed", TERMINAL, False),
]


def answer(body: object, status: int = 400, headers: dict[str, str] | None = None) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(
        status=status,
        headers=httpx.Headers(headers),
        body=content,
        host="login.salesforce.com",
        received_at=NOON,
    )


def refused(
    error: str, description: str, grant: GrantName = JWT, **context: object
) -> f.FailureError:
    found = LoginContext(login_url="https://login.salesforce.com/", grant=grant, **context)  # type: ignore[arg-type]  # a builder
    return login_error(answer({"error": error, "error_description": description}), found)


@pytest.mark.parametrize(
    ("error", "description", "grant", "reason", "failure_class", "may_be_propagation"),
    [pytest.param(*row, id=f"{row[0]}: {row[1]} ({row[2]})") for row in ROWS],
)
def test_each_refusal_has_its_meaning(  # noqa: PLR0913, PLR0917 - the columns of the reference
    error: str,
    description: str,
    grant: GrantName,
    reason: str,
    failure_class: f.FailureClass,
    may_be_propagation: bool,
) -> None:
    found = refused(error, description, grant)

    assert found.reason == reason
    assert found.failure_class is failure_class
    assert found.may_be_propagation is may_be_propagation
    assert "login.salesforce.com" in found.message
    assert found.advice


def test_every_row_of_the_program_is_in_the_reference() -> None:
    told = " ".join(f"{error} {description}".lower() for error, description, *_ in ROWS)

    assert [row.text for row in BY_DESCRIPTION + BY_CODE if row.text not in told] == []


@pytest.mark.parametrize(
    "description",
    ["USER HASN'T APPROVED THIS CONSUMER", "Error: user  hasn't\napproved this consumer (1)"],
)
def test_a_description_is_found_in_any_case_and_anywhere(description: str) -> None:
    assert refused("invalid_grant", description).reason == "UserNotApproved"


# The codes that mean something by themselves: error, grant, reason, class.
CODES = [
    ("invalid_app_access", JWT, "UserNotAssigned", TERMINAL),
    ("invalid_app_acess", CLIENT, "UserNotAssigned", TERMINAL),
    ("OAUTH_APP_ACCESS_DENIED", JWT, "UserNotAssigned", TERMINAL),
    ("app_not_found", JWT, "AppNotFound", TERMINAL),
    ("app_not_found", REFRESH, "AppNotFound", TERMINAL),
    ("OAUTH_EC_APP_NOT_FOUND", JWT, "AppNotFound", TERMINAL),
    ("OAUTH_APP_BLOCKED", JWT, "AppBlocked", TERMINAL),
    ("invalid_scope", REFRESH, "ScopeMissing", TERMINAL),
    ("invalid_client", JWT, "SignatureRejected", TERMINAL),
    ("invalid_client", CLIENT, "ClientCredentialsInvalid", TERMINAL),
    ("invalid_client", REFRESH, "ClientCredentialsInvalid", TERMINAL),
    ("invalid_client_credentials", JWT, "ClientCredentialsInvalid", TERMINAL),
    ("invalid_client_credentials", REFRESH, "ClientCredentialsInvalid", TERMINAL),
    ("invalid_client_id", JWT, "ConsumerKeyUnknown", TERMINAL),
    ("inactive_user", JWT, "UserInactive", TERMINAL),
    ("use_dpop_nonce", JWT, "DPoPRequired", TERMINAL),
    ("invalid_dpop_proof", REFRESH, "DPoPRequired", TERMINAL),
    ("inactive_org", CLIENT, "OrgInactive", TERMINAL),
    ("rate_limit_exceeded", JWT, "LoginRateExceeded", LIMITED),
    ("unauthorized_client", CLIENT, "GrantDisabled", TERMINAL),
    ("unsupported_grant_type", JWT, "GrantDisabled", TERMINAL),
    ("unknown_error", JWT, "SalesforceUnavailable", TRANSIENT),
    ("server_error", CLIENT, "SalesforceUnavailable", TRANSIENT),
    ("temporarily_unavailable", REFRESH, "SalesforceUnavailable", TRANSIENT),
    ("authorization_pending", REFRESH, "SalesforceUnavailable", TRANSIENT),
    ("slow_down", REFRESH, "SalesforceUnavailable", TRANSIENT),
    ("expired_token", REFRESH, "SalesforceUnavailable", TRANSIENT),
    # These say nothing by themselves.
    ("invalid_grant", JWT, "AuthenticationFailed", TERMINAL),
    ("invalid_grant", REFRESH, "AuthenticationFailed", TERMINAL),
    ("invalid_request", CLIENT, "AuthenticationFailed", TERMINAL),
    ("redirect_uri_mismatch", REFRESH, "AuthenticationFailed", TERMINAL),
    ("brand_new_code", JWT, "AuthenticationFailed", TERMINAL),
]


@pytest.mark.parametrize("description", ["", "something new"], ids=["none", "unknown"])
@pytest.mark.parametrize(
    ("error", "grant", "reason", "failure_class"),
    [pytest.param(*row, id=f"{row[0]} ({row[1]})") for row in CODES],
)
def test_a_code_decides_where_the_description_does_not(
    error: str, grant: GrantName, reason: str, failure_class: f.FailureClass, description: str
) -> None:
    found = refused(error, description, grant)

    assert (found.reason, found.failure_class) == (reason, failure_class)
    assert error.lower() in found.message.lower()


@pytest.mark.parametrize("error", sorted({row[0] for row in CODES}))
def test_a_known_description_counts_more_than_the_code(error: str) -> None:
    assert refused(error, "ip restricted").reason == "IPRestricted"


def test_every_code_of_the_reference_is_tried_without_its_description() -> None:
    tried = {row[0].lower() for row in CODES}

    assert {row[0].lower() for row in ROWS} | {row.text for row in BY_CODE} <= tried


def test_a_code_that_says_nothing_is_quoted_with_its_description() -> None:
    found = refused("invalid_grant", "something new")

    assert type(found) is f.RequestRefusedError
    assert "invalid_grant: something new" in found.message


def test_the_remedy_for_an_unapproved_user_opens_the_approval_page() -> None:
    found = refused(
        "invalid_grant", "user hasn't approved this consumer", shown_consumer_key="3MVG9/a b"
    )

    assert found.advice.endswith(
        "https://login.salesforce.com/services/oauth2/authorize?response_type=code"
        "&client_id=3MVG9%2Fa%20b&redirect_uri=<a callback URL of the app>"
    )


def test_a_consumer_key_that_came_by_reference_is_not_in_the_remedy() -> None:
    found = refused("invalid_grant", "user hasn't approved this consumer", secrets=("3MVGhidden",))

    assert "client_id=<consumer key>&" in found.advice


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"error": 7}', b'{"error": ""}'])
def test_a_refusal_that_cannot_be_read_is_an_invalid_answer(body: bytes) -> None:
    found = login_error(
        answer(body, status=404), LoginContext(login_url="https://x.example", grant=JWT)
    )

    assert isinstance(found, f.AnswerInvalidError)
    assert "404" in found.message


def test_a_description_of_a_wrong_type_counts_as_absent() -> None:
    found = login_error(
        answer({"error": "odd", "error_description": [1]}),
        LoginContext(login_url="https://x.example", grant=JWT),
    )

    assert "odd:" in found.message


def test_a_quota_refusal_keeps_the_time_to_wait() -> None:
    body = {"error": "invalid_grant", "error_description": "login rate exceeded"}
    context = LoginContext(login_url="https://x.example", grant=JWT)

    found = login_error(answer(body, headers={"Retry-After": "7"}), context)

    assert found.retry_after == timedelta(seconds=7)


def test_a_quoted_refusal_holds_no_secret() -> None:
    found = refused(
        "bad",
        "no Marked@example.com for marked+key/1 = marked%2Bkey%2F1 in 00DMARKED000001!tok",
        secrets=("marked@example.com", "marked+key/1", ""),
    )

    assert "arked" not in found.sentence()
    assert "MARKED" not in repr(found)
    assert "[removed]" in found.message


def test_the_context_cannot_be_printed() -> None:
    context = LoginContext(login_url="https://x.example", grant=JWT, secrets=("MARKED",))

    assert "MARKED" not in repr(context)
