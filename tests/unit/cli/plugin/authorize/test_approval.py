"""The approval's edges: what comes back from a browser, and who else may knock."""

import asyncio
from datetime import timedelta
from http import HTTPStatus

import httpx
import pytest

from support.operator_process import free_port
from token_operator.cli.plugin.authorize.approval import asking
from token_operator.cli.plugin.authorize.loopback import Page, is_loopback, listening
from token_operator.cli.plugin.errors import NotGoodError
from token_operator.domain.failures import FailureError
from token_operator.domain.grants import GrantName
from token_operator.salesforce.refusals import LoginContext

CONTEXT = LoginContext(
    login_url="https://acme.my.salesforce.com",
    grant=GrantName.JWT_BEARER,
    shown_consumer_key="3MVG9",
)
CALLBACK = "http://localhost:1717/OauthRedirect"


def test_each_approval_has_a_challenge_and_a_state_of_its_own() -> None:
    one, two = (asking(CONTEXT, consumer_key="3MVG9", callback_url=CALLBACK) for _ in range(2))

    query = httpx.URL(one.url).params
    assert query["code_challenge"] == one.pkce.challenge
    assert query["code_challenge_method"] == "S256"
    assert query["redirect_uri"] == CALLBACK
    assert one.state != two.state
    assert one.pkce.verifier != two.pkce.verifier
    assert one.pkce.verifier not in one.url
    assert one.pkce.verifier not in repr(one)


def test_answer_of_another_state_is_not_taken() -> None:
    asked = asking(CONTEXT, consumer_key="3MVG9", callback_url=CALLBACK)

    assert asked.code_in(f"{CALLBACK}?code=abc%3D&state={asked.state}") == "abc="
    with pytest.raises(ValueError, match="state"):
        asked.code_in(f"{CALLBACK}?code=abc&state=other")
    with pytest.raises(FailureError):
        asked.code_in(f"{CALLBACK}?error=access_denied&state={asked.state}")
    with pytest.raises(ValueError, match="state"):
        asked.code_in(f"{CALLBACK}?error=access_denied&state=other")


@pytest.mark.parametrize(
    ("url", "listens"),
    [
        (CALLBACK, True),
        ("http://127.0.0.1:99/x", True),
        ("https://login.salesforce.com/services/oauth2/success", False),
        ("http://localhost/x", False),
        ("http://example.com:80/x", False),
    ],
)
def test_only_a_loopback_address_with_a_port_is_listened_at(url: str, listens: bool) -> None:
    assert is_loopback(url) is listens


async def test_page_is_escaped_and_only_the_callback_path_is_judged() -> None:
    port, judged = free_port(), list[str]()

    def judge(url: str) -> Page:
        judged.append(url)
        return Page(HTTPStatus.OK, "Approved", "<b>")

    callback = f"http://localhost:{port}/OauthRedirect"
    async with listening(callback, judge), httpx.AsyncClient(trust_env=False) as http:
        page = await http.get(f"{callback}?code=a%3D&state=s")
        other = await http.get(f"http://127.0.0.1:{port}/favicon.ico")
        posted = await http.post(f"{callback}?code=a")

    assert "&lt;b&gt;" in page.text
    assert "You may close this window." in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert (other.status_code, posted.status_code) == (404, 405)
    assert judged == [f"{callback}?code=a%3D&state=s"]


async def test_nonsense_on_the_port_harms_nothing() -> None:
    port = free_port()
    callback = f"http://localhost:{port}/OauthRedirect"
    async with listening(callback, lambda _: Page(HTTPStatus.OK, "t", "x")):
        for nonsense in (b"\x00\xff\n\n", b"x\n\n", b"GET /" + b"a" * 20_000 + b"\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(nonsense)
            assert b"200" not in await reader.read()
            writer.close()
        async with httpx.AsyncClient(trust_env=False) as http:
            assert (await http.get(f"{callback}?code=a")).status_code == 200


async def test_connection_that_sends_nothing_is_closed() -> None:
    port = free_port()
    callback, longest = f"http://localhost:{port}/OauthRedirect", timedelta(seconds=0.05)
    async with listening(callback, lambda _: Page(HTTPStatus.OK, "t", "x"), longest=longest):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()


async def test_taken_port_is_told() -> None:
    port = free_port()
    callback = f"http://localhost:{port}/OauthRedirect"
    async with listening(callback, lambda _: Page(HTTPStatus.OK, "t", "x")):
        with pytest.raises(NotGoodError, match=f"Port {port} of this machine is taken"):
            async with listening(callback, lambda _: Page(HTTPStatus.OK, "t", "x")):
                pass
