"""What the token endpoint refuses about audience, expiry and user of a login (9-18)."""

import pytest

from fakeorg import FakeSalesforce, Readymade, keys, readymade_org
from fakeorg.caller import Caller, refusal

INVALID_ASSERTION = (400, "invalid_grant", "invalid assertion")
AUDIENCE_INVALID = (400, "invalid_grant", "audience is invalid")
APP_NOT_FOUND = (400, "app_not_found", "External client app is not installed in this org")
NOT_APPROVED = (400, "invalid_grant", "user hasn't approved this consumer")


@pytest.mark.parametrize(
    "audience",
    [
        "https://test.salesforce.com",
        "https://other.my.salesforce.com",
        "https://na1.salesforce.com",
        "https://login.salesforce.com/",
        None,
        "",
    ],
)
def test_audience_must_be_one_of_the_orgs(caller: Caller, audience: str | None) -> None:
    assert refusal(caller.log_in(aud=audience)) == AUDIENCE_INVALID


def test_audience_may_be_login_host_my_domain_site_or_the_loopback_address(
    caller: Caller, acme: Readymade
) -> None:
    site = acme.org.add_site("customers")
    acme.org.settings.audiences = ("https://extra.example",)
    accepted = (
        "https://login.salesforce.com",
        "https://acme.my.salesforce.com",
        acme.org.login_url,
        site.url,
        "https://extra.example",
    )

    assert [caller.log_in(aud=audience).status_code for audience in accepted] == [200] * 5


def test_sandbox_takes_the_test_host_as_audience(fake: FakeSalesforce) -> None:
    sandbox = readymade_org(fake, "acme--dev", kind="sandbox")

    with Caller(fake, sandbox) as caller:
        assert caller.log_in(aud="https://test.salesforce.com").status_code == 200
        assert refusal(caller.log_in(aud="https://login.salesforce.com")) == AUDIENCE_INVALID


@pytest.mark.parametrize("audience", [["https://login.salesforce.com"], "login.salesforce.com"])
def test_audience_must_be_one_string_with_a_scheme(caller: Caller, audience: object) -> None:
    assert refusal(caller.log_in(aud=audience)) == AUDIENCE_INVALID


def test_strict_org_wants_its_my_domain_as_audience(caller: Caller, acme: Readymade) -> None:
    acme.org.settings.spring26_strict = True

    assert refusal(caller.log_in()) == APP_NOT_FOUND
    assert refusal(caller.log_in(aud="https://test.salesforce.com")) == APP_NOT_FOUND
    assert caller.log_in(aud=acme.org.my_domain_url).status_code == 200


@pytest.mark.parametrize("exp", [None, "soon", "", True, [1], {}, "nan", "inf"])
def test_expiry_must_be_a_number(caller: Caller, exp: object) -> None:
    assert refusal(caller.log_in(exp=exp)) == INVALID_ASSERTION


@pytest.mark.parametrize("form", [str, float])
def test_expiry_may_be_digits_in_a_string_or_a_float(
    caller: Caller, fake: FakeSalesforce, form: type[str] | type[float]
) -> None:
    soon = int(fake.clock.now().timestamp()) + 60

    assert caller.log_in(exp=form(soon)).status_code == 200


@pytest.mark.parametrize(("seconds_ago", "status"), [(0, 200), (180, 200), (181, 400), (3600, 400)])
def test_assertion_passes_three_minutes_after_its_expiry(
    caller: Caller, fake: FakeSalesforce, seconds_ago: int, status: int
) -> None:
    fake.clock.freeze(fake.clock.now().replace(microsecond=0))
    answer = caller.log_in(exp=int(fake.clock.now().timestamp()) - seconds_ago)

    assert answer.status_code == status
    if status == 400:
        assert refusal(answer) == (400, "invalid_grant", "expired authorization code")


def test_expiry_far_ahead_is_accepted_unless_the_org_is_strict(
    caller: Caller, acme: Readymade, fake: FakeSalesforce
) -> None:
    milliseconds = int(fake.clock.now().timestamp() * 1000) + 300

    assert caller.log_in(exp=milliseconds).status_code == 200
    acme.org.settings.strict_exp = True
    assert refusal(caller.log_in(exp=milliseconds)) == INVALID_ASSERTION
    assert caller.log_in().status_code == 200


def test_prn_wins_over_sub(caller: Caller, acme: Readymade) -> None:
    username = acme.user.username

    assert caller.log_in(sub="nobody@acme.example", prn=username).status_code == 200
    assert refusal(caller.log_in(sub=username, prn="nobody@acme.example")) == NOT_APPROVED


def test_unknown_user_has_not_approved(caller: Caller, acme: Readymade) -> None:
    assert refusal(caller.log_in(sub="nobody@acme.example")) == NOT_APPROVED
    acme.org.settings.unknown_user_error = "authentication failure"
    assert refusal(caller.log_in(sub="nobody@acme.example")) == (
        400,
        "invalid_grant",
        "authentication failure",
    )


@pytest.mark.parametrize("flag", ["active", "frozen"])
def test_inactive_or_frozen_user_is_refused(caller: Caller, acme: Readymade, flag: str) -> None:
    setattr(acme.user, flag, flag == "frozen")

    assert refusal(caller.log_in()) == (400, "invalid_grant", "inactive user")
    acme.org.settings.inactive_user_error = "inactive_user"
    assert refusal(caller.log_in()) == (400, "inactive_user", "inactive user")


def test_user_outside_the_login_hours_is_refused(caller: Caller, acme: Readymade) -> None:
    acme.user.login_hours_forbid = True

    assert refusal(caller.log_in()) == (400, "invalid_grant", "invalid login hours")


def test_locked_org_refuses_everybody(caller: Caller, acme: Readymade) -> None:
    acme.org.settings.locked = True

    assert refusal(caller.log_in()) == (400, "invalid_grant", "inactive organization")
    acme.org.settings.inactive_org_error = "inactive_org"
    assert refusal(caller.log_in()) == (400, "inactive_org", "inactive organization")


def test_first_fault_of_an_assertion_gives_the_answer(caller: Caller, acme: Readymade) -> None:
    acme.user.active = False
    wrong_key = keys.key_pair("another").private_key
    broken: dict[str, object] = {"aud": "nowhere", "exp": 1, "sub": "nobody"}

    answers = [refusal(caller.present(caller.signed_by(wrong_key, **broken)))[2]]
    for repaired in ("aud", "exp", "sub"):
        answers.append(refusal(caller.log_in(**broken))[2])
        del broken[repaired]
    answers.append(refusal(caller.log_in())[2])

    assert answers == [
        "invalid assertion",
        "audience is invalid",
        "expired authorization code",
        "user hasn't approved this consumer",
        "inactive user",
    ]
