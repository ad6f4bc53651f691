"""Where the cluster is: KUBECONFIG, the default file, or the pod's account."""

from pathlib import Path

import pytest
from kubernetes.aio.client import Configuration

from token_operator.cluster.connecting import (
    NoClusterError,
    client_for,
    configuration,
    has_kubeconfig,
    own_namespace,
    uses_environment_proxy,
)

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

    found = await configuration()

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
        await configuration()


async def test_neither_kubeconfig_nor_pod_says_so() -> None:
    with pytest.raises(NoClusterError, match="inside a cluster"):
        await configuration()


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

    assert uses_environment_proxy(found) is expected


async def test_client_names_the_operator() -> None:
    found = Configuration()
    found.host = "https://127.0.0.1:1"

    client = client_for(found, "salesforce-token-operator/1.2.3")

    assert client.user_agent == "salesforce-token-operator/1.2.3"
    assert found.client_session_kwargs == {"trust_env": False}
    await client.close()  # type: ignore[no-untyped-call] # not annotated


def test_outside_a_pod_the_own_namespace_is_default() -> None:
    assert own_namespace() == "default"
