import dataclasses
import json
import traceback
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from support.loopback import NOON
from support.wire import TOKEN, Wire
from token_operator.domain.failures import AppNotFoundError, FailureError
from token_operator.domain.grants import GrantName
from token_operator.salesforce.authorization import (
    Approval,
    AuthorizationCodeRequest,
    AuthorizeRequest,
    authorize_url,
    code_in,
    exchange_code,
    pkce_from,
)
from token_operator.salesforce.redirect_errors import ApprovalDeniedError
from token_operator.salesforce.refusals import LoginContext

CODE = "aPrx.MARKED_code+1=="
CALLBACK = "http://localhost:1717/callback"
STATE = "MARKED-state"
CONTEXT = LoginContext(login_url="https://acme.my.salesforce.com", grant=GrantName.REFRESH_TOKEN)
ASKED = AuthorizeRequest(
    login_url="https://acme.my.salesforce.com/",
    consumer_key="3MVG9.consumer",
    redirect_uri=CALLBACK,
    challenge="challenge",
    state=STATE,
)
EXCHANGE = AuthorizationCodeRequest(
    login_url="https://acme.my.salesforce.com",
    consumer_key="3MVG9.MARKED-consumer",
    code=CODE,
    code_verifier="MARKED-verifier",
    redirect_uri=CALLBACK,
    consumer_secret="MARKED-secret",
)
ENCODED = quote(CODE, safe="")
REDIRECT = f"{CALLBACK}?code={ENCODED}&state={STATE}"


def test_the_challenge_is_that_of_the_standard() -> None:
    # RFC 7636, appendix B.
    entropy = bytes.fromhex("7418dfb49799e0254ffa607dd8adbbba16d4254d69d6bff05b58055853848d79")

    found = pkce_from(entropy)

    assert found.verifier == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert found.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert found.verifier not in repr(found)


@pytest.mark.parametrize("size", [31, 97])
def test_a_verifier_has_the_length_of_the_standard(size: int) -> None:
    with pytest.raises(ValueError, match="32 to 96"):
        pkce_from(bytes(size))


@pytest.mark.parametrize("scopes", [(), ("api", "refresh_token")])
def test_the_url_asks_for_a_code(scopes: tuple[str, ...]) -> None:
    url = urlsplit(authorize_url(dataclasses.replace(ASKED, scopes=scopes)))

    assert url.netloc == "acme.my.salesforce.com"
    assert url.path == "/services/oauth2/authorize"
    assert parse_qs(url.query) == {
        "response_type": ["code"],
        "client_id": ["3MVG9.consumer"],
        "redirect_uri": [CALLBACK],
        "code_challenge": ["challenge"],
        "code_challenge_method": ["S256"],
        "state": [STATE],
    } | ({"scope": ["api refresh_token"]} if scopes else {})


@pytest.mark.parametrize(
    "pasted",
    [
        pytest.param(REDIRECT, id="the URL"),
        pytest.param(f"  '{REDIRECT}'\n", id="the URL in quotes"),
        pytest.param(f"<{REDIRECT}#fragment>", id="the URL with a fragment"),
        pytest.param(f"{CALLBACK}?state={STATE}&code={CODE}", id="the URL decoded"),
        pytest.param(quote(REDIRECT, safe=""), id="the URL encoded"),
        pytest.param(f"/callback?code={ENCODED}&state={STATE}", id="path and query"),
        pytest.param(f"code={ENCODED}&state={STATE}", id="the query"),
        pytest.param(CODE, id="the code"),
        pytest.param(f"{ENCODED}\n", id="the code encoded"),
    ],
)
def test_what_a_person_pastes_holds_the_code(pasted: str) -> None:
    assert code_in(pasted, state=STATE, context=CONTEXT) == CODE


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("", "no code"),
        ("a b", "no code"),
        ("a: b c", "no code"),
        ("aPrx\N{EN DASH}", "no code"),
        ("a" * 4097, "no code"),
        (f"{CALLBACK}?state={STATE}", "no code"),
        (f"{CALLBACK}?code={ENCODED}", "state"),
        (f"{CALLBACK}?code={ENCODED}&state=other", "state"),
        (f"{CALLBACK}?code={ENCODED}&state=\N{EN DASH}", "state"),
    ],
)
def test_what_holds_no_code_is_said(pasted: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        code_in(pasted, state=STATE, context=CONTEXT)

    assert "MARKED" not in "".join(traceback.format_exception_only(caught.value))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("error=OAUTH_APP_BLOCKED&error_description=this+app+is+blocked+by+admin", "AppBlocked"),
        ("error=OAUTH_APP_ACCESS_DENIED", "UserNotAssigned"),
        ("error=OAUTH_EC_APP_NOT_FOUND", "AppNotFound"),
        ("error=access_denied&error_description=end-user%20denied", "UserNotApproved"),
        (
            "error=invalid_scope&error_description=the+requested+scope+is+not+allowed",
            "ScopeMissing",
        ),
        ("error=new&error_description=unheard+of", "AuthenticationFailed"),
    ],
)
def test_a_refusal_in_the_url_becomes_reason_and_remedy(told: str, reason: str) -> None:
    with pytest.raises(FailureError, match=r"acme\.my\.salesforce\.com refused") as caught:
        code_in(f"{CALLBACK}?{told}&state={STATE}", state=STATE, context=CONTEXT)

    assert (caught.value.reason, bool(caught.value.advice)) == (reason, True)


@pytest.mark.parametrize(
    "pasted",
    [
        "invalid_client: app must be installed into org",
        "error=invalid_client&error_description=app%20must%20be%20installed%20into%20org",
        "error=invalid_client&error_description=app+must+be+installed+into+org",
    ],
)
def test_error_that_the_browser_shows_becomes_a_reason(pasted: str) -> None:
    with pytest.raises(AppNotFoundError, match="app must be installed into org"):
        code_in(pasted, state=STATE, context=CONTEXT)


def test_a_refusal_in_an_encoded_url_is_told() -> None:
    pasted = quote(f"{CALLBACK}?error=access_denied&state={STATE}", safe="")

    with pytest.raises(ApprovalDeniedError):
        code_in(pasted, state=STATE, context=CONTEXT)


@pytest.mark.parametrize("state", ["", "&state=other"])
def test_a_refusal_of_another_state_is_not_believed(state: str) -> None:
    with pytest.raises(ValueError, match="state"):
        code_in(f"{CALLBACK}?error=access_denied{state}", state=STATE, context=CONTEXT)


async def approval(wire: Wire, *, consumer_secret: str = EXCHANGE.consumer_secret) -> Approval:
    request = dataclasses.replace(
        EXCHANGE, login_url=wire.server.url, consumer_secret=consumer_secret
    )
    return await exchange_code(wire.transport, request, now=NOON, hosts=wire.hosts)


@pytest.mark.parametrize("told", [{}, {"refresh_token": "5Aep.MARKED"}])
async def test_a_code_is_exchanged_for_tokens(wire: Wire, told: dict[str, str]) -> None:
    body = {"access_token": TOKEN, "instance_url": wire.server.url} | told
    wire.server.answer(200, json.dumps(body))

    found = await approval(wire)

    assert found.token.value == TOKEN
    assert found.refresh_token == told.get("refresh_token", "")
    assert "MARKED" not in repr(found)
    assert wire.server.requests[0].form() == {
        "grant_type": "authorization_code",
        "client_id": EXCHANGE.consumer_key,
        "client_secret": "MARKED-secret",
        "code": CODE,
        "code_verifier": "MARKED-verifier",
        "redirect_uri": CALLBACK,
    }


async def test_no_consumer_secret_is_sent_where_there_is_none(wire: Wire) -> None:
    wire.server.answer(200, json.dumps({"access_token": TOKEN, "instance_url": wire.server.url}))

    await approval(wire, consumer_secret="")

    assert "client_secret" not in wire.server.requests[0].form()


async def test_no_secret_is_in_a_failure(wire: Wire) -> None:
    echo = f"{CODE} MARKED-verifier MARKED-secret"
    wire.server.answer(400, json.dumps({"error": "odd", "error_description": echo}))

    with pytest.raises(FailureError) as caught:
        await approval(wire)

    text = "".join(traceback.format_exception(caught.value)) + caught.value.sentence()
    assert "MARKED" not in text


def test_what_holds_codes_cannot_be_printed() -> None:
    assert "MARKED" not in repr((EXCHANGE, ASKED))
