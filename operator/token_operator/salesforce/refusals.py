"""What each refusal of the token endpoint means (Salesforce Help: remoteaccess_oauth_flow_errors).

Nearly all refusals have status 400 and a handful of error codes: the description
distinguishes them. The rows are those of the reference, section 2.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple
from urllib.parse import quote

from token_operator.domain import failures as f
from token_operator.domain.grants import GrantName
from token_operator.salesforce.json_body import object_in, text_of
from token_operator.salesforce.transport import Answer, retry_after_of
from token_operator.salesforce.wording import cleaned

HIDDEN_CONSUMER_KEY: Final = "<consumer key>"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginContext:
    """What a refusal message needs: where, which grant, and the values that must not show."""

    login_url: str
    grant: GrantName
    # The consumer key if everybody may read it, else what stands for it.
    shown_consumer_key: str = HIDDEN_CONSUMER_KEY
    secrets: tuple[str, ...] = field(default=(), repr=False)


class _Row(NamedTuple):
    """A part of a description (or a whole error code) and the failure it stands for."""

    text: str
    failure: type[f.FailureError]
    # The failure for the JWT bearer grant, where that differs.
    for_jwt: type[f.FailureError] | None = None


# The first row whose text is in the description counts. Lower-case, straight apostrophes.
BY_DESCRIPTION: Final = (
    _Row("user hasn't approved this consumer", f.UserNotApprovedError),
    _Row("user is not admin approved to access this app", f.UserNotAssignedError),
    _Row("external client app is not installed in this org", f.AppNotFoundError),
    _Row("app must be installed into org", f.AppNotFoundError),
    _Row("refresh_token scope is required", f.ScopeMissingError),
    _Row("audience is invalid", f.AudienceInvalidError),
    _Row("audience validation failed", f.AudienceInvalidError),
    _Row("invalid audience", f.AudienceInvalidError),
    _Row("expired authorization code", f.RequestRefusedError, f.ClockSkewError),
    _Row("invalid assertion", f.SignatureRejectedError),
    _Row("invalid client credentials", f.ClientCredentialsInvalidError, f.SignatureRejectedError),
    _Row("client identifier invalid", f.ConsumerKeyUnknownError),
    _Row("authentication failure", f.AuthenticationFailedError),
    _Row("inactive user", f.UserInactiveError),
    _Row("user is inactive", f.UserInactiveError),
    _Row("inactive organization", f.OrgInactiveError),
    _Row("organization is locked, closed, or suspended", f.OrgInactiveError),
    _Row("ip restricted", f.IPRestrictedError),
    _Row("invalid login hours", f.LoginHoursRestrictedError),
    _Row("login rate exceeded", f.LoginRateExceededError),
    _Row("number of logins exceeded", f.LoginRateExceededError),
    _Row("maximum logins exceeded", f.RunAsUserMissingError),
    _Row("expired access/refresh token", f.RefreshTokenExpiredError),
    _Row("token request is already being processed", f.RetryRequestedError),
    _Row("retry your request", f.RetryRequestedError),
    _Row("no client credentials user enabled", f.RunAsUserMissingError),
    _Row("request not supported on this domain", f.WrongDomainError),
    _Row("no valid scopes defined", f.ScopeMissingError),
    _Row("scope parameter not supported", f.RequestRefusedError),
    _Row("client credentials flow not enabled", f.GrantDisabledError),
    _Row("grant type not supported", f.GrantDisabledError),
    _Row("the requested scope is not allowed", f.ScopeMissingError),
    _Row("redirect_uri must match configuration", f.RequestRefusedError),
    _Row("invalid authorization code", f.RequestRefusedError),
    _Row("invalid code verifier", f.RequestRefusedError),
    _Row("missing required code challenge", f.RequestRefusedError),
    _Row("this app is blocked by admin", f.AppBlockedError),
    _Row("must use http post", f.RequestRefusedError),
    _Row("https required", f.RequestRefusedError),
    _Row("missing required parameter", f.RequestRefusedError),
)

# What a code means where the description does not say: absent, in other words, or translated.
# Codes that say nothing by themselves (invalid_grant, invalid_request) have no row.
BY_CODE: Final = (
    _Row("invalid_app_access", f.UserNotAssignedError),
    # As Salesforce spelled it in the documentation of the JWT bearer flow.
    _Row("invalid_app_acess", f.UserNotAssignedError),
    _Row("oauth_app_access_denied", f.UserNotAssignedError),
    _Row("app_not_found", f.AppNotFoundError),
    _Row("oauth_ec_app_not_found", f.AppNotFoundError),
    _Row("oauth_app_blocked", f.AppBlockedError),
    _Row("use_dpop_nonce", f.DPoPRequiredError),
    _Row("invalid_dpop_proof", f.DPoPRequiredError),
    _Row("invalid_scope", f.ScopeMissingError),
    # An assertion carries no consumer secret: what is refused is its signature.
    _Row("invalid_client", f.ClientCredentialsInvalidError, f.SignatureRejectedError),
    _Row("invalid_client_credentials", f.ClientCredentialsInvalidError),
    _Row("invalid_client_id", f.ConsumerKeyUnknownError),
    _Row("inactive_user", f.UserInactiveError),
    _Row("inactive_org", f.OrgInactiveError),
    _Row("rate_limit_exceeded", f.LoginRateExceededError),
    _Row("unauthorized_client", f.GrantDisabledError),
    _Row("unsupported_grant_type", f.GrantDisabledError),
    _Row("unknown_error", f.RetryRequestedError),
    _Row("server_error", f.SalesforceUnavailableError),
    _Row("temporarily_unavailable", f.SalesforceUnavailableError),
    _Row("authorization_pending", f.RetryRequestedError),
    _Row("slow_down", f.RetryRequestedError),
    _Row("expired_token", f.RetryRequestedError),
)


def login_error(answer: Answer, context: LoginContext) -> f.FailureError:
    """Return the failure that a refusal of the token endpoint stands for."""
    found = object_in(answer) or {}
    code, description = text_of(found, "error"), text_of(found, "error_description")
    if not code:
        return f.AnswerInvalidError(
            f"{answer.host} answered with status {answer.status} and no error that can be read."
        )
    return failure_for(
        code,
        description,
        host=answer.host,
        context=context,
        retry_after=retry_after_of(answer),
    )


def failure_for(
    code: str,
    description: str,
    *,
    host: str,
    context: LoginContext,
    retry_after: timedelta | None = None,
) -> f.FailureError:
    """Return the failure that an error code and its description stand for."""
    row = _row_for(code, description)
    if row is None:
        quoted = cleaned(f"{code}: {description}", context.secrets)
        return f.RequestRefusedError(f"{host} refused the login ({quoted}).")
    failure = (context.grant is GrantName.JWT_BEARER and row.for_jwt) or row.failure
    # The row's own text is quoted, not Salesforce's: it cannot hold anything secret.
    return failure(
        f'{host} refused the login: "{row.text}".',
        remedy=_remedy(failure, context),
        retry_after=retry_after,
    )


def _row_for(code: str, description: str) -> _Row | None:
    text = " ".join(description.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split())
    by_description = (row for row in BY_DESCRIPTION if row.text in text)
    by_code = (row for row in BY_CODE if row.text == code.lower())
    return next(by_description, None) or next(by_code, None)


def _remedy(failure: type[f.FailureError], context: LoginContext) -> str:
    if failure is not f.UserNotApprovedError:
        return failure.remedy
    shown = context.shown_consumer_key
    consumer_key = shown if shown == HIDDEN_CONSUMER_KEY else quote(shown, safe="")
    return (
        f"{failure.remedy} Or let the user approve the app once by opening "
        f"{context.login_url.rstrip('/')}/services/oauth2/authorize?response_type=code"
        f"&client_id={consumer_key}&redirect_uri=<a callback URL of the app>"
    )
