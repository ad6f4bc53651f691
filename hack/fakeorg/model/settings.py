"""The switches of an org: what Salesforce makes configurable, and what nobody knows for sure."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(slots=True, kw_only=True)
class OrgSettings:
    """Mutable settings of one org; a change acts on the next request."""

    # Sessions.
    session_timeout: timedelta = timedelta(hours=2)
    always_slide: bool = False  # activity extends in the first half of the timeout too
    userinfo_slides: bool = False  # a userinfo call counts as activity
    login_slides: bool = False  # a login with a live session extends it
    unique_tokens: bool = False  # every login opens a session of its own
    first_login_age: timedelta = timedelta()  # the first login finds a session this old
    jwt_issued_again: bool = False  # a JWT-format token is issued unchanged until its `exp`

    # Logins.
    locked: bool = False
    audiences: tuple[str, ...] = ()  # accepted beside login/test host, My Domain and sites
    spring26_strict: bool = False  # login and test hosts are no audience: app_not_found
    strict_exp: bool = False  # `exp` more than 300 s ahead is refused
    generic_login: bool = True  # login through login.salesforce.com or test.salesforce.com
    logins_per_hour: int = 3600  # for one user
    propagation_delay: timedelta = timedelta()  # how long a changed app answers as before
    flapping: bool = False  # while a change propagates, every second look sees it

    # Refresh tokens, client credentials, Data Cloud.
    refresh_takes: timedelta = timedelta(milliseconds=50)  # of real time; see protocol/parallel.py
    run_as_needs_assignment: bool = False  # admin approval is asked of the Run As user too
    data_cloud_host: str = "mtyzgzrtgq4g.c360a.salesforce.com"
    data_cloud_answers_html: bool = False  # the exchange gives a page, with status 200

    # Words that differ between orgs.
    signature_error: Literal["invalid_grant", "invalid_client"] = "invalid_grant"
    unknown_user_error: Literal["not approved", "authentication failure"] = "not approved"
    inactive_user_error: Literal["invalid_grant", "inactive_user"] = "invalid_grant"
    inactive_org_error: Literal["invalid_grant", "inactive_org"] = "invalid_grant"
    disabled_grant_error: Literal["unsupported_grant_type", "invalid_grant"] = (
        "unsupported_grant_type"
    )
    # Of an app that is not installed, in the browser: to the app, or on a page of its own.
    missing_app_error: Literal["OAUTH_EC_APP_NOT_FOUND", "invalid_client"] = (
        "OAUTH_EC_APP_NOT_FOUND"
    )
    disabled_client_credentials_error: Literal["invalid_grant", "unauthorized_client"] = (
        "invalid_grant"
    )

    # Answers.
    issued_at_in_answer: bool = False  # adds issued_at and signature
    instance_url: str | None = None  # instead of My Domain; may be hostile
    token_type: Literal["Bearer", "DPoP"] = "Bearer"  # noqa: S105 - a kind of token
    # What the REST API calls a JWT-format token that has ended.
    jwt_death: Literal["INVALID_SESSION_ID", "INVALID_AUTH_HEADER", "INVALID_JWT_FORMAT"] = (
        "INVALID_SESSION_ID"
    )
    api_version: str = "66.0"
    daily_api_requests: int = 15_000
