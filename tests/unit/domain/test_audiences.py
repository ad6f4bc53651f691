import pytest

from token_operator.domain import failures as f
from token_operator.domain.audiences import candidates, moves_on, to_show

LOGIN = "https://login.salesforce.com"
TEST = "https://test.salesforce.com"
MY_DOMAIN = "https://acme.my.salesforce.com"


@pytest.mark.parametrize(
    ("login_url", "expected"),
    [
        (LOGIN, (LOGIN,)),
        (f"{TEST}/", (TEST,)),
        ("https://acme.my.site.com/customers/", ("https://acme.my.site.com/customers",)),
        (
            "https://acme--uat.sandbox.my.site.com",
            ("https://acme--uat.sandbox.my.site.com",),
        ),
        (f"{MY_DOMAIN}/", (MY_DOMAIN, LOGIN)),
        ("https://ACME.My.Salesforce.com", ("https://ACME.My.Salesforce.com", LOGIN)),
        (
            "https://acme-dev-ed.develop.my.salesforce.com",
            ("https://acme-dev-ed.develop.my.salesforce.com", LOGIN),
        ),
        (
            "https://acme--uat.sandbox.my.salesforce.com",
            ("https://acme--uat.sandbox.my.salesforce.com", TEST),
        ),
        ("https://acme--uat.my.salesforce.com", ("https://acme--uat.my.salesforce.com", TEST)),
        (
            "https://fun-1.scratch.my.salesforce.com",
            ("https://fun-1.scratch.my.salesforce.com", TEST),
        ),
        ("https://dod.my.salesforce.mil", ("https://dod.my.salesforce.mil", LOGIN)),
        ("https://dod.sandbox.my.salesforce.mil", ("https://dod.sandbox.my.salesforce.mil", TEST)),
        ("https://login.sfcrmproducts.cn", ("https://login.sfcrmproducts.cn",)),
        (
            "https://acme.my.sfcrmproducts.cn",
            ("https://acme.my.sfcrmproducts.cn", "https://login.sfcrmproducts.cn"),
        ),
        (
            "https://acme.sandbox.my.sfcrmproducts.cn",
            ("https://acme.sandbox.my.sfcrmproducts.cn", "https://test.sfcrmproducts.cn"),
        ),
        ("https://gateway.example:8443", ("https://gateway.example:8443",)),
        ("https://evil-my.salesforce.com", ("https://evil-my.salesforce.com",)),
        ("no URL", ("no URL",)),
    ],
)
def test_the_audiences_follow_from_the_login_url(login_url: str, expected: tuple[str, ...]) -> None:
    assert candidates(login_url, None) == expected


def test_the_audience_of_the_connection_is_the_only_one() -> None:
    assert candidates(MY_DOMAIN, f"{TEST}/", LOGIN) == (TEST,)


@pytest.mark.parametrize(
    ("last_worked", "expected"),
    [
        (LOGIN, (LOGIN, MY_DOMAIN)),
        (MY_DOMAIN, (MY_DOMAIN, LOGIN)),
        pytest.param(TEST, (MY_DOMAIN, LOGIN), id="of another login URL"),
    ],
)
def test_what_worked_last_goes_first(last_worked: str, expected: tuple[str, ...]) -> None:
    assert candidates(MY_DOMAIN, None, last_worked) == expected


AUDIENCE, APP, USER = (
    f.AudienceInvalidError("audience"),
    f.AppNotFoundError("app"),
    f.UserNotApprovedError("user"),
)
SIGNATURE, NETWORK = f.SignatureRejectedError("signature"), f.NetworkError("network")


@pytest.mark.parametrize("failure", [AUDIENCE, APP, USER], ids=str)
def test_the_next_audience_is_tried_for_what_may_be_the_audience(failure: f.FailureError) -> None:
    assert moves_on(failure)


@pytest.mark.parametrize("failure", [SIGNATURE, NETWORK, f.UserNotAssignedError("no")], ids=str)
def test_any_other_failure_ends_the_round(failure: f.FailureError) -> None:
    assert not moves_on(failure)


@pytest.mark.parametrize(
    ("failures", "expected"),
    [
        ((AUDIENCE,), AUDIENCE),
        ((AUDIENCE, USER), USER),
        ((USER, AUDIENCE), USER),
        ((USER, APP), USER),
        ((AUDIENCE, APP), APP),
        ((APP, SIGNATURE), SIGNATURE),
        ((USER, NETWORK), NETWORK),
    ],
)
def test_the_failure_that_is_least_about_the_audience_is_shown(
    failures: tuple[f.FailureError, ...], expected: f.FailureError
) -> None:
    assert to_show(failures) is expected


def test_of_equal_failures_the_first_is_shown() -> None:
    first, second = f.AudienceInvalidError("first"), f.AudienceInvalidError("second")

    assert to_show((first, second)) is first
