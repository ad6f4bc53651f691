"""A refusal names the values that it may be about, and never one that came by reference."""

import pytest

from support.builders import a_connection
from token_operator.domain import failures as f
from token_operator.domain.connection import Auth, Org
from token_operator.domain.grants import ClientCredentials, Grant, JWTBearer, RefreshToken
from token_operator.domain.sent_values import naming_sent_values
from token_operator.domain.sources import EntryRef, KeySource

ORG = Org(login_url="https://acme.my.salesforce.com")
JWT = JWTBearer(username=EntryRef("crm-user", "username"), keys=(KeySource(secret_name="k"),))
CLIENT = ClientCredentials(consumer_secret=EntryRef("crm-app", "consumer-secret"))
REFRESH = RefreshToken(refresh_token=EntryRef("crm-app", "refresh-token"))


def message(failure: f.FailureError, grant: Grant) -> str:
    auth = Auth(consumer_key=EntryRef("crm-app", "consumer-key"), grant=grant)
    return naming_sent_values(failure, ORG, auth).message


@pytest.mark.parametrize(
    ("kind", "grant", "named"),
    [
        (f.UserInactiveError, JWT, "username is read from entry username of Secret crm-user."),
        (f.UserNotAssignedError, JWT, "username is read from entry username of Secret crm-user."),
        (f.AuthenticationFailedError, JWT, "username is read from entry username of"),
        (f.RequestRefusedError, JWT, "consumer key is read from entry consumer-key of"),
        (f.ConsumerKeyUnknownError, JWT, "consumer key is read from entry consumer-key of"),
        (f.ClientCredentialsInvalidError, CLIENT, "secret is read from entry consumer-secret of"),
        (f.RefreshTokenExpiredError, REFRESH, "token is read from entry refresh-token of"),
    ],
)
def test_secret_and_entry_of_a_refused_value_are_named(
    kind: type[f.FailureError], grant: Grant, named: str
) -> None:
    assert named in message(kind("No."), grant)


def test_unapproved_user_is_named_with_the_login_url_and_the_other_cause() -> None:
    failure = naming_sent_values(f.UserNotApprovedError("No."), ORG, a_connection().auth)

    assert failure.message == (
        "No. The username is integration@acme.example. "
        "The login URL is https://acme.my.salesforce.com."
    )
    assert "same org or sandbox" in failure.advice


def test_failure_that_is_about_no_value_stays_as_it_is() -> None:
    failure = f.SalesforceUnavailableError("503.")

    assert naming_sent_values(failure, ORG, a_connection().auth) is failure
