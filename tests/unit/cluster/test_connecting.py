"""Where the cluster is: KUBECONFIG, the default file, or the pod's account."""

import asyncio
import traceback
from base64 import b64encode
from pathlib import Path

import aiohttp
import pytest
from kubernetes.aio.client import Configuration

from token_operator.cluster.api import Api, ApiUnavailableError, Request
from token_operator.cluster.connecting import (
    NoClusterError,
    choose_proxy,
    client_for,
    configuration,
    has_kubeconfig,
    own_namespace,
)
from token_operator.proxies import NO_PROXIES, proxies_of
from token_operator.runtime.watching import WatchSession

PROXIES = proxies_of({"HTTPS_PROXY": "http://proxy:3128"})
SECRET = "TOP-SECRET"

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: me}}]
clusters: [{name: here, cluster: {server: "https://10.0.0.1:6443"}}]
users: [{name: me, user: {token: abc}}]
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    return tmp_path


async def test_kubeconfig_of_the_environment_is_read(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "mine").write_text(KUBECONFIG)
    monkeypatch.setenv("KUBECONFIG", str(home / "mine"))

    found = await configuration(NO_PROXIES)

    assert found.host == "https://10.0.0.1:6443"
    assert found.connection_pool_maxsize == 64


def test_default_kubeconfig_is_seen(home: Path) -> None:
    assert not has_kubeconfig()

    (home / ".kube").mkdir()
    (home / ".kube/config").write_text(KUBECONFIG)

    assert has_kubeconfig()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="no file"),
        pytest.param(b"", id="empty"),
        pytest.param(b"not: [yaml", id="no YAML"),
        pytest.param(b"just text", id="text"),
        pytest.param(b"\x00\xff", id="bytes"),
        pytest.param(b"contexts: 1", id="other type"),
        pytest.param(b"contexts: []", id="no context"),
    ],
)
async def test_kubeconfig_that_cannot_be_used_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    if content is not None:
        (home / "mine").write_bytes(content)
    monkeypatch.setenv("KUBECONFIG", str(home / "mine"))

    with pytest.raises(NoClusterError, match="KUBECONFIG"):
        await configuration(NO_PROXIES)


async def test_neither_kubeconfig_nor_pod_says_so() -> None:
    with pytest.raises(NoClusterError, match="inside a cluster"):
        await configuration(NO_PROXIES)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("https://10.0.0.1:6443", True),
        ("https://api.example.com", True),
        ("https://127.0.0.1:6443", False),
        ("https://[::1]:6443", False),
        ("https://localhost", False),
    ],
)
def test_proxy_of_the_environment_is_not_for_loopback(host: str, *, expected: bool) -> None:
    found = Configuration()
    found.host = host

    choose_proxy(found, PROXIES)

    assert found.proxy == ("http://proxy:3128" if expected else None)


def test_proxy_of_the_kubeconfig_goes_before_that_of_the_environment() -> None:
    found = Configuration()
    found.host, found.proxy = "https://10.0.0.1:6443", "HTTP://mine:8080/"

    choose_proxy(found, PROXIES)

    assert found.proxy == "http://mine:8080"


@pytest.mark.parametrize("proxy", [f"socks5://user:{SECRET}@proxy", f"http://{SECRET}:x"])
def test_proxy_of_the_kubeconfig_that_cannot_be_used_is_named_by_its_field(proxy: str) -> None:
    found = Configuration()
    found.host, found.proxy = "https://10.0.0.1:6443", proxy

    with pytest.raises(NoClusterError, match="proxy-url in the kubeconfig") as refused:
        choose_proxy(found, NO_PROXIES)

    assert SECRET not in str(refused.value)


class RefusingProxy:
    """A proxy that refuses every tunnel, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    async def refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        writer.close()


async def test_requests_and_watches_are_sent_through_the_proxy() -> None:
    proxy = RefusingProxy()
    async with await asyncio.start_server(proxy.refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        found = Configuration()
        found.host = "https://10.96.0.1"
        choose_proxy(found, proxies_of({"HTTPS_PROXY": f"http://me:{SECRET}%23@127.0.0.1:{port}"}))
        api = Api(client_for(found, "test/1"))
        with pytest.raises(ApiUnavailableError) as refused:
            await api.send(Request(method="GET", path="/api/v1/secrets"))
        await api.close()
        watching = WatchSession(configuration=found, user_agent="test/1", watch_opened=print)
        async with watching.open().aiohttp_session as session:
            with pytest.raises(aiohttp.ClientConnectionError) as tunnel:
                await session.get("https://10.96.0.1/api/v1/secrets")

    login = b64encode(f"me:{SECRET}#".encode())
    assert len(proxy.asked) >= 2
    for one in proxy.asked:
        assert one.startswith(b"CONNECT 10.96.0.1:443 ")
        assert b"Proxy-Authorization: Basic " + login in one
    assert str(tunnel.value) == "The proxy answered with status 403."
    for error in (refused.value, tunnel.value):
        shown = "".join(traceback.format_exception(error)) + repr(error)
        assert SECRET not in shown
        assert login.decode() not in shown


async def test_client_names_the_operator() -> None:
    found = Configuration()
    found.host = "https://127.0.0.1:1"

    client = client_for(found, "salesforce-token-operator/1.2.3")

    assert client.user_agent == "salesforce-token-operator/1.2.3"
    assert found.client_session_kwargs == {"trust_env": False}
    await client.close()  # type: ignore[no-untyped-call] # not annotated


def test_outside_a_pod_the_own_namespace_is_default() -> None:
    assert own_namespace() == "default"
