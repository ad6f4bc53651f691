import asyncio
import socket
import ssl
import traceback
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from support.loopback import NOON, FixedClock
from support.wire import AGENT, Wire
from token_operator.domain.failures import (
    AnswerInvalidError,
    FailureError,
    LoginRateExceededError,
    NetworkError,
    RequestRateExceededError,
    SalesforceUnavailableError,
    TLSError,
)
from token_operator.proxies import proxies_of
from token_operator.salesforce.network_errors import failure_from
from token_operator.salesforce.pools import Pools
from token_operator.salesforce.routing import Routing
from token_operator.salesforce.transport import (
    Answer,
    Transport,
    make_http_client,
    retry_after_of,
)

SECRET = "MARKED-SECRET"


async def refusal(wire: Wire, path: str = "/x", url: str = "") -> FailureError:
    with pytest.raises(FailureError) as caught:
        await wire.transport.send(
            "POST",
            (url or wire.server.url) + path,
            headers={"Authorization": f"Bearer {SECRET}"},
            form={"assertion": SECRET},
        )
    text = "".join(traceback.format_exception(caught.value))
    assert SECRET not in text + repr(caught.value) + caught.value.sentence()
    # Nothing that holds the request hangs on the failure.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


def unused_url() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"https://127.0.0.1:{free.getsockname()[1]}"


async def test_a_request_is_a_form_with_the_product_name(wire: Wire) -> None:
    wire.server.answer(200, b"{}", Date="Tue, 24 Nov 2026 12:02:00 GMT")

    found = await wire.transport.send("POST", f"{wire.server.url}/x", form={"a": "b c"})

    seen = wire.server.requests[0]
    assert seen.line == "POST /x HTTP/1.1"
    assert seen.form() == {"a": "b c"}
    assert seen.headers["user-agent"] == AGENT == wire.transport.user_agent
    assert seen.headers["accept-encoding"] == "identity"
    assert (found.status, found.body, found.host) == (200, b"{}", wire.server.host)
    assert found.date == datetime(2026, 11, 24, 12, 2, tzinfo=UTC)
    assert found.received_at == NOON
    assert wire.transport.offsets.of(wire.server.host) == timedelta(minutes=2)


async def test_an_answer_does_not_print_its_content(wire: Wire) -> None:
    wire.server.answer(200, SECRET, Set_Cookie=SECRET)

    assert SECRET not in repr(await wire.transport.send("GET", wire.server.url))


async def test_an_answer_without_date_tells_no_offset(wire: Wire) -> None:
    wire.server.answer(200, b"{}", Date="yesterday")

    found = await wire.transport.send("GET", wire.server.url)

    assert found.date is None
    assert wire.transport.offsets.of(wire.server.host) == timedelta()


async def test_a_cookie_is_not_sent_back(wire: Wire) -> None:
    wire.server.answer(200, b"{}", Set_Cookie="sid=1; Path=/")

    await wire.transport.send("GET", wire.server.url)
    await wire.transport.send("GET", wire.server.url)

    assert "cookie" not in wire.server.requests[1].headers


async def test_a_refusal_of_the_login_is_an_answer(wire: Wire) -> None:
    wire.server.answer(400, b"{}")

    assert (await wire.transport.send("POST", wire.server.url)).status == 400


async def test_a_redirect_is_not_followed(wire: Wire) -> None:
    wire.server.answer(302, b"", Location=f"{wire.server.url}/elsewhere")

    found = await refusal(wire)

    assert isinstance(found, AnswerInvalidError)
    assert "a redirect, which is not followed" in found.message
    assert len(wire.server.requests) == 1


@pytest.mark.parametrize(
    ("location", "words"),
    [
        (f"https://sso.acme.example/login?code={SECRET}", "a redirect to sso.acme.example, which"),
        (f"http://10.0.0.1:8443/{SECRET}", "a redirect to 10.0.0.1:8443, which"),
        (f"http://me:{SECRET}@10.0.0.1:8443", "a redirect, which"),
        (f"/services/{SECRET}", "a redirect, which"),
        (f"mailto:{SECRET}", "a redirect, which"),
        (f"assertion={SECRET}", "a redirect, which"),
        (f"https://{SECRET}.evil.example/x", "a redirect, which"),
        (f"https://{SECRET[::-1].lower()}.evil.example", "a redirect, which"),
        (f"https://x.example:{SECRET}", "a redirect, which"),
        ("", "a redirect, which"),
    ],
)
async def test_a_redirect_to_another_host_names_the_host_alone(
    wire: Wire, location: str, words: str
) -> None:
    wire.server.answer(307, b"", Location=location)

    assert words in (await refusal(wire)).message


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_error_is_an_outage_whatever_its_body(wire: Wire, status: int) -> None:
    wire.server.answer(status, "<html>", Retry_After="20")

    found = await refusal(wire)

    assert isinstance(found, SalesforceUnavailableError)
    assert str(status) in found.message
    assert found.retry_after == timedelta(seconds=20)


async def test_too_many_requests_at_the_token_endpoint_is_a_quota(wire: Wire) -> None:
    wire.server.answer(429, b"", Retry_After="7")

    found = await refusal(wire, "/services/oauth2/token")

    assert isinstance(found, LoginRateExceededError)
    assert found.retry_after == timedelta(seconds=7)


async def test_too_many_requests_elsewhere_is_a_rate_limit(wire: Wire) -> None:
    wire.server.answer(429)

    found = await refusal(wire)

    assert isinstance(found, RequestRateExceededError)
    assert found.retry_after is None


async def test_an_answer_of_more_than_one_mebibyte_is_refused(wire: Wire) -> None:
    wire.server.answer(200, b"x" * (1024 * 1024 + 1))

    assert isinstance(await refusal(wire), AnswerInvalidError)


async def test_an_answer_of_one_mebibyte_is_read(wire: Wire) -> None:
    wire.server.answer(200, b"x" * 1024 * 1024)

    assert len((await wire.transport.send("GET", wire.server.url)).body) == 1024 * 1024


async def test_a_compressed_answer_is_refused(wire: Wire) -> None:
    wire.server.answer(200, b"\x1f\x8b", Content_Encoding="gzip")

    found = await refusal(wire)

    assert isinstance(found, AnswerInvalidError)
    assert "compressed" in found.message


async def test_a_refused_connection_is_named(wire: Wire) -> None:
    url = unused_url()

    found = await refusal(wire, url=url)

    assert isinstance(found, NetworkError)
    assert url.removeprefix("https://") in found.message
    assert "connection was refused" in found.message
    assert "proxy" not in found.message


async def test_a_name_that_does_not_resolve_is_named(wire: Wire) -> None:
    found = await refusal(wire, url="https://nowhere.invalid")

    assert isinstance(found, NetworkError)
    assert "DNS" in found.message


async def test_a_connection_that_ends_without_answer_is_named(wire: Wire) -> None:
    wire.server.reply = b""

    found = await refusal(wire)

    assert isinstance(found, NetworkError)
    assert "reset" in found.message


async def test_an_answer_that_is_not_http_is_named(wire: Wire) -> None:
    wire.server.reply = b"SSH-2.0-OpenSSH\r\n\r\n"

    found = await refusal(wire)

    assert isinstance(found, NetworkError)
    assert "does not speak HTTP" in found.message


async def test_a_host_that_never_answers_is_given_up(wire: Wire) -> None:
    wire.server.reply = None
    async with make_http_client(wire.ca_file, AGENT) as client:
        wire.transport = Transport(client, FixedClock(), total_timeout=timedelta(milliseconds=200))
        found = await refusal(wire)

    assert isinstance(found, NetworkError)
    assert "timeout" in found.message


async def test_an_untrusted_certificate_is_named_with_its_fault(wire: Wire) -> None:
    async with make_http_client(None, AGENT) as client:
        wire.transport = Transport(client, FixedClock())
        found = await refusal(wire)

    assert isinstance(found, TLSError)
    assert "self-signed certificate" in found.message
    assert "--ca-file" in found.advice


async def test_a_host_that_does_not_speak_tls_is_named(wire: Wire) -> None:
    async def shout(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        found = await refusal(wire, url=f"https://127.0.0.1:{port}")

    assert isinstance(found, TLSError)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("403 Forbidden", "the proxy denies access to this host (status 403)"),
        ("407 Required", "the proxy requires a username and password (status 407)"),
        (f"418 {SECRET}", "the proxy answered with status 418"),
        ("502 Bad Gateway", "the proxy cannot reach the host (status 502)"),
    ],
)
async def test_a_proxy_that_refuses_is_named_without_its_password(
    wire: Wire, status: str, words: str
) -> None:
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()

    proxy = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with proxy:
        port = proxy.sockets[0].getsockname()[1]
        proxies = proxies_of({"HTTPS_PROXY": f"http://user:{SECRET}%23@127.0.0.1:{port}"})
        async with make_http_client(wire.ca_file, AGENT, proxies) as client:
            wire.transport = Transport(client, FixedClock())
            found = await refusal(wire, url="https://login.salesforce.com")

    assert isinstance(found, NetworkError)
    assert f"login.salesforce.com cannot be reached through the proxy: {words}." in found.message
    assert SECRET not in found.sentence()
    login = b64encode(f"user:{SECRET}#".encode())
    assert b"Proxy-Authorization: Basic " + login in asked[0]


def test_an_answer_of_no_proxy_is_not_quoted() -> None:
    found = failure_from(httpx.ProxyError(SECRET), "login.salesforce.com", by_proxy=True)

    assert found.message.endswith("through the proxy: the proxy refused the connection.")


async def test_no_proxy_is_honoured(wire: Wire) -> None:
    url = unused_url()
    proxies = proxies_of({"HTTPS_PROXY": url.replace("https", "http"), "NO_PROXY": "10.0.0.0/8"})
    wire.server.answer(200)
    async with make_http_client(wire.ca_file, AGENT, proxies) as client:
        wire.transport = Transport(client, FixedClock())
        assert (await wire.transport.send("GET", wire.server.url)).status == 200
        found = await refusal(wire, url="https://login.salesforce.com")
        assert "through the proxy: the connection was refused" in found.message
        found = await refusal(wire, url=url)
        assert "proxy" not in found.message


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (httpx.ConnectTimeout(SECRET), "no connection in time"),
        (httpx.ReadTimeout(SECRET), "no answer in time"),
        (httpx.PoolTimeout(SECRET), "no answer in time"),
        (httpx.WriteError(SECRET), "reset"),
        (httpx.LocalProtocolError(SECRET), "LocalProtocolError"),
        (OSError(SECRET), "OSError"),
        (ssl.SSLWantReadError(SECRET), "SSLWantReadError"),
        (ssl.SSLEOFError(SECRET), "reset"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_faults_are_named_by_their_kind(error: Exception, words: str) -> None:
    found = failure_from(error, "login.salesforce.com")

    assert words in found.message
    assert SECRET not in found.sentence()


def test_the_cause_is_found_in_a_group_of_attempts() -> None:
    error = httpx.ConnectError("all attempts failed")
    error.__cause__ = ExceptionGroup("two", [OSError(), ConnectionRefusedError()])
    error.__context__ = error.__cause__

    assert "refused" in failure_from(error, "h").message


async def test_a_client_speaks_tls_1_2_or_newer_and_http_1() -> None:
    async with make_http_client(None, AGENT) as client:
        routing = client._transport
        assert isinstance(routing, Routing)
        pools = routing._routes[None]
        assert isinstance(pools, Pools)
        transport = pools._pools[0]
        assert isinstance(transport, httpx.AsyncHTTPTransport)
        pool = transport._pool
        context = pool._ssl_context
        assert isinstance(context, ssl.SSLContext)
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert not client.follow_redirects


def test_a_ca_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("hello")

    with pytest.raises(FileNotFoundError):
        make_http_client(tmp_path / "nowhere.pem", AGENT)
    with pytest.raises(ssl.SSLError):
        make_http_client(tmp_path / "bad.pem", AGENT)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("900", 900),
        ("999999", 900),
        (" 7 ", 7),
        ("-1", None),
        ("", None),
        ("soon", None),
        ("1e3", None),
        ("Tue, 24 Nov 2026 12:01:00 GMT", 60),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0),
        ("Tue, 24 Nov 2027 12:00:00 GMT", 900),
    ],
)
def test_the_time_to_wait_is_read_and_bounded(text: str, seconds: int | None) -> None:
    headers = httpx.Headers({"Retry-After": text})
    answer = Answer(status=429, headers=headers, body=b"", host="h", received_at=NOON)

    assert retry_after_of(answer) == (None if seconds is None else timedelta(seconds=seconds))


def test_a_date_to_wait_for_is_measured_on_the_hosts_own_clock() -> None:
    headers = httpx.Headers({"Retry-After": "Tue, 24 Nov 2026 12:01:00 GMT"})
    answer = Answer(
        status=429,
        headers=headers,
        body=b"",
        host="h",
        date=NOON + timedelta(seconds=50),
        received_at=NOON,
    )

    assert retry_after_of(answer) == timedelta(seconds=10)
