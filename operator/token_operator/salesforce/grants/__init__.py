"""The grants: one file for each way to ask for a token."""

from token_operator.salesforce.grants.authorization_code import (
    Approval,
    AuthorizationCodeRequest,
    exchange_code,
)
from token_operator.salesforce.grants.client_credentials import (
    ClientCredentialsRequest,
    mint_with_client_credentials,
)
from token_operator.salesforce.grants.jwt_bearer import JWTBearerRequest, mint_with_jwt_bearer
from token_operator.salesforce.grants.refresh_token import (
    Refreshed,
    RefreshOutcomeUnknownError,
    RefreshTokenRequest,
    mint_with_refresh_token,
)

__all__ = [
    "Approval",
    "AuthorizationCodeRequest",
    "ClientCredentialsRequest",
    "JWTBearerRequest",
    "RefreshOutcomeUnknownError",
    "RefreshTokenRequest",
    "Refreshed",
    "exchange_code",
    "mint_with_client_credentials",
    "mint_with_jwt_bearer",
    "mint_with_refresh_token",
]
