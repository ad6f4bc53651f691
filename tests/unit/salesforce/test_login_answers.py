import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from support.loopback import NOON
from token_operator.domain.failures import (
    AnswerInvalidError,
    DPoPRequiredError,
    FailureError,
    HostNotAllowedError,
    UserInactiveError,
)
from token_operator.domain.grants import GrantName
from token_operator.domain.org_identity import OrgIdentity
from token_operator.domain.token import AccessToken, ExpirySource
from token_operator.salesforce.hosts import AllowedHosts
from token_operator.salesforce.login_answers import token_from_answer
from token_operator.salesforce.refusals import LoginContext
from token_operator.salesforce.transport import Answer

ORG, USER = "00Dxx0000001gPLEAY", "005xx000001SwiUAAS"
TOKEN = "00Dxx0000001gPL!MARKED.token_value"
GOOD: dict[str, object] = {
    "access_token": TOKEN,
    "scope": "web openid api id",
    "instance_url": "https://acme.my.salesforce.com",
    "id": f"https://login.salesforce.com/id/{ORG}/{USER}",
    "token_type": "Bearer",
}


def token_of(body: object, *, offset: timedelta = timedelta(), status: int = 200) -> AccessToken:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return token_from_answer(
        Answer(status=status, body=content, host="login.salesforce.com", received_at=NOON),
        now=NOON,
        offset=offset,
        context=LoginContext(login_url="https://login.salesforce.com", grant=GrantName.JWT_BEARER),
        hosts=AllowedHosts(),
    )


@pytest.mark.parametrize("kind", ["DPoP", "dpop"])
def test_token_that_needs_a_proof_is_no_token(kind: str) -> None:
    with pytest.raises(DPoPRequiredError):
        token_of(GOOD | {"token_type": kind})


@pytest.mark.parametrize("member", ["id", "sfdc_community_url", "api_instance_url"])
def test_url_of_a_foreign_host_refuses_the_answer(member: str) -> None:
    with pytest.raises(HostNotAllowedError, match=f"{member} in Salesforce's answer") as refused:
        token_of(GOOD | {member: f"https://evil.example/id/{ORG}/{USER}?token=x"})

    assert "'evil.example'" in refused.value.message
    assert TOKEN not in refused.value.sentence()


def jwt_of(claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJSUzI1NiJ9.{payload}.c2ln"


def test_an_answer_becomes_a_token() -> None:
    found = token_of(
        GOOD
        | {
            "sfdc_community_url": "https://acme.my.site.com/customers",
            "api_instance_url": "https://api.salesforce.com",
        }
    )

    assert found == AccessToken(
        value=TOKEN,
        identity=OrgIdentity(
            instance_url="https://acme.my.salesforce.com",
            identity_url=f"https://login.salesforce.com/id/{ORG}/{USER}",
            org_id=ORG,
            user_id=USER,
            community_url="https://acme.my.site.com/customers",
            api_instance_url="https://api.salesforce.com",
        ),
        scopes=("web", "openid", "api", "id"),
        expiry_source=ExpirySource.CONFIGURED,
    )


def test_a_token_needs_only_its_value_and_its_instance_url() -> None:
    found = token_of({name: GOOD[name] for name in ("access_token", "instance_url")})

    assert found == AccessToken(
        value=TOKEN,
        identity=OrgIdentity(
            instance_url="https://acme.my.salesforce.com", org_id="00Dxx0000001gPL"
        ),
    )


def test_optional_members_of_a_wrong_type_count_as_absent() -> None:
    wrong: dict[str, object] = {
        "scope": ["api"],
        "id": 7,
        "token_type": None,
        "expires_in": {},
        "sfdc_community_url": "javascript:alert(1)",
        "api_instance_url": "http://x",
    }
    found = token_of(GOOD | wrong | {"access_token": "opaque"})

    assert found == AccessToken(
        value="opaque", identity=OrgIdentity(instance_url="https://acme.my.salesforce.com")
    )


def test_the_instance_url_loses_its_slash() -> None:
    found = token_of(GOOD | {"instance_url": "https://acme.my.salesforce.com/"})

    assert found.instance_url == "https://acme.my.salesforce.com"


def test_an_odd_token_type_is_kept_and_an_impossible_one_is_not() -> None:
    assert token_of(GOOD | {"token_type": "MAC"}).identity.token_type == "MAC"
    assert token_of(GOOD | {"token_type": "a b"}).identity.token_type == "Bearer"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>", id="HTML"),
        pytest.param(json.dumps(GOOD).encode()[:60], id="truncated JSON"),
        pytest.param([GOOD], id="an array"),
        pytest.param(b"\xff\xfe", id="not UTF-8"),
        pytest.param(b"[" * 200_000, id="deep JSON"),
        pytest.param({}, id="empty object"),
        pytest.param(GOOD | {"access_token": None}, id="no token"),
        pytest.param(GOOD | {"access_token": ""}, id="an empty token"),
        pytest.param(GOOD | {"access_token": 7}, id="a number as token"),
        pytest.param(GOOD | {"access_token": ["MARKED"]}, id="a list as token"),
        pytest.param(GOOD | {"access_token": "MARKED x"}, id="a space in the token"),
        pytest.param(GOOD | {"access_token": "MARKED\n"}, id="a newline in the token"),
        pytest.param(GOOD | {"access_token": "MARKED\r\nX: y"}, id="a header in the token"),
        pytest.param(GOOD | {"access_token": "MARKEDé"}, id="not ASCII"),
        pytest.param(GOOD | {"access_token": "M" * 16_385}, id="a huge token"),
        pytest.param(GOOD | {"instance_url": None}, id="no instance URL"),
        pytest.param(GOOD | {"instance_url": {}}, id="an object as instance URL"),
        pytest.param(GOOD | {"scope": "api\nid"}, id="a newline in the scope"),
        pytest.param(GOOD | {"id": "https://x\0"}, id="a control character in the id"),
        pytest.param(GOOD | {"scope": "a" * 16_385}, id="a huge scope"),
        pytest.param(GOOD | {"token_type": "\ud800"}, id="half a character"),
    ],
)
def test_an_answer_without_a_usable_token_is_invalid_and_not_shown(body: object) -> None:
    with pytest.raises(AnswerInvalidError) as caught:
        token_of(body)

    assert "MARKED" not in caught.value.sentence()
    assert "login.salesforce.com" in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.com",
        "http://acme.my.salesforce.com",
        "https://acme.my.salesforce.com@evil.com",
        "https://acme.my.salesforce.com/path",
        "javascript:alert(1)",
    ],
)
def test_an_instance_url_of_somebody_else_is_refused(url: str) -> None:
    with pytest.raises(HostNotAllowedError):
        token_of(GOOD | {"instance_url": url})


def test_a_refusal_is_raised() -> None:
    body = {"error": "invalid_grant", "error_description": "inactive user"}

    with pytest.raises(UserInactiveError):
        token_of(body, status=400)


def test_an_unexpected_success_status_is_no_token() -> None:
    with pytest.raises(FailureError):
        token_of(GOOD, status=204)


@pytest.mark.parametrize("seconds", [7200, "7200", 7200.0])
def test_a_told_lifetime_is_a_fixed_expiry(seconds: object) -> None:
    found = token_of(GOOD | {"access_token": jwt_of({"exp": 1}), "expires_in": seconds})

    assert found.fixed_expiry == NOON + timedelta(hours=2)
    assert found.expiry_source is ExpirySource.RESPONSE


@pytest.mark.parametrize(
    "seconds", [0, -1, True, "", "soon", "-5", "1" * 13, 10**30, 1e999, float("nan"), None, []]
)
def test_a_lifetime_that_is_none_is_ignored(seconds: object) -> None:
    found = token_of(GOOD | {"expires_in": seconds})

    assert found.fixed_expiry is None
    assert found.expiry_source is ExpirySource.CONFIGURED


def test_the_exp_claim_of_a_jwt_format_token_is_told_on_the_local_clock() -> None:
    expiry = datetime(2026, 11, 24, 13, tzinfo=UTC)
    token = jwt_of({"exp": expiry.timestamp()})

    found = token_of(GOOD | {"access_token": token}, offset=timedelta(minutes=2))

    assert found.fixed_expiry == expiry - timedelta(minutes=2)
    assert found.expiry_source is ExpirySource.TOKEN_CLAIM


@pytest.mark.parametrize(
    "token",
    [
        jwt_of({}),
        jwt_of([1]),
        jwt_of({"exp": "soon"}),
        jwt_of({"exp": 10**18}),
        "a.b.c",
        "a.!!!!.c",
        "a.b",
    ],
)
def test_a_token_without_a_readable_exp_claim_has_no_fixed_expiry(token: str) -> None:
    assert token_of(GOOD | {"access_token": token}).fixed_expiry is None


def test_a_token_cannot_be_printed() -> None:
    assert "MARKED" not in repr(token_of(GOOD))
