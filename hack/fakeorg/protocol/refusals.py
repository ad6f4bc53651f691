"""Every refusal of the OAuth endpoints, in Salesforce's words."""

from dataclasses import dataclass
from typing import Final

from fakeorg.model.exchange import Answer, json_answer


@dataclass(frozen=True, slots=True)
class Refusal:
    """An OAuth error."""

    error: str
    description: str
    status: int = 400

    def to_answer(self) -> Answer:
        """Return the refusal as it goes over the wire."""
        content = {"error": self.error, "error_description": self.description}
        return json_answer(self.status, content)


class RefusedError(Exception):
    """A request was refused."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.description)
        self.refusal = refusal


MUST_POST: Final = Refusal("invalid_request", "must use HTTP POST")
SCOPE_NOT_SUPPORTED: Final = Refusal("invalid_request", "scope parameter not supported")
GRANT_NOT_SUPPORTED: Final = Refusal("unsupported_grant_type", "grant type not supported")
INVALID_ASSERTION: Final = Refusal("invalid_grant", "invalid assertion")
CONSUMER_KEY_UNKNOWN: Final = Refusal("invalid_client_id", "client identifier invalid")
CREDENTIALS_INVALID: Final = Refusal("invalid_client", "invalid client credentials")
DPOP_NONCE_MISSING: Final = Refusal(
    "use_dpop_nonce", "Authorization server requires nonce in DPoP proof"
)
APP_NOT_FOUND: Final = Refusal("app_not_found", "External client app is not installed in this org")
AUDIENCE_INVALID: Final = Refusal("invalid_grant", "audience is invalid")
ASSERTION_EXPIRED: Final = Refusal("invalid_grant", "expired authorization code")
NOT_APPROVED: Final = Refusal("invalid_grant", "user hasn't approved this consumer")
AUTHENTICATION_FAILURE: Final = Refusal("invalid_grant", "authentication failure")
NOT_ASSIGNED: Final = Refusal("invalid_app_access", "user is not admin approved to access this app")
REFRESH_SCOPE_MISSING: Final = Refusal(
    "invalid_request",
    "refresh_token scope is required and the connected app should be installed and preauthorized",
)
LOGIN_HOURS: Final = Refusal("invalid_grant", "invalid login hours")
IP_RESTRICTED: Final = Refusal("invalid_grant", "ip restricted")
RATE_EXCEEDED: Final = Refusal("invalid_grant", "login rate exceeded")
DOMAIN_NOT_SUPPORTED: Final = Refusal("invalid_grant", "request not supported on this domain")
NO_RUN_AS_USER: Final = Refusal("invalid_grant", "no client credentials user enabled")
NO_VALID_SCOPES: Final = Refusal("invalid_grant", "no valid scopes defined")
REFRESH_TOKEN_EXPIRED: Final = Refusal("invalid_grant", "expired access/refresh token")
ALREADY_PROCESSED: Final = Refusal("invalid_grant", "token request is already being processed")
CODE_INVALID: Final = Refusal("invalid_grant", "invalid authorization code")
CODE_EXPIRED: Final = Refusal("invalid_grant", "expired authorization code")
VERIFIER_INVALID: Final = Refusal("invalid_grant", "invalid code verifier")
REDIRECT_MISMATCH: Final = Refusal("redirect_uri_mismatch", "redirect_uri must match configuration")
INTROSPECTION_UNAUTHENTICATED: Final = Refusal("invalid_client", "invalid client credentials", 401)
