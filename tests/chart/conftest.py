"""Helm, and a stage on which the operator acts as the chart's service account."""

import contextlib
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cluster
from cluster.helm import provide_helm
from fakeorg import FakeSalesforce, Readymade, readymade_org
from support.accounts import account_kubeconfig
from support.api_client import ApiClient
from support.helm import Helm
from support.kubectl import Kubectl
from support.requests_seen import RequestsSeen
from support.stage import Stage


@pytest.fixture(scope="session")
def make_helm(
    control_plane: cluster.ControlPlane,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> Callable[[int], Helm]:
    """Give Helm 4 or Helm 3."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def report(line: str) -> None:
        with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
            print(line, file=sys.stderr, flush=True)  # noqa: T201 - progress for a person

    def make(major: int) -> Helm:
        folder = tmp_path_factory.mktemp(f"helm{major}")
        return Helm(provide_helm(report, major=major), control_plane.kubeconfig, folder)

    return make


@pytest.fixture(scope="session")
def helm(make_helm: Callable[[int], Helm]) -> Helm:
    return make_helm(4)


@pytest.fixture(scope="session")
def api_client(
    control_plane: cluster.ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiClient]:
    client = ApiClient(control_plane.kubeconfig, tmp_path_factory.mktemp("api-client"))
    yield client
    client.close()


@pytest.fixture
def fake() -> Iterator[FakeSalesforce]:
    with FakeSalesforce() as running:
        yield running


@pytest.fixture
def ready(fake: FakeSalesforce) -> Readymade:
    return readymade_org(fake, "acme")


@pytest.fixture
def make_namespace(api_client: ApiClient) -> Iterator[Callable[[], str]]:
    """Make a namespace; nobody waits for its end."""
    made: list[str] = []

    def make() -> str:
        name = f"test-{secrets.token_hex(4)}"
        api_client.create("/api/v1/namespaces", {"metadata": {"name": name}})
        made.append(name)
        return name

    yield make
    for name in made:
        api_client.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def stage(
    control_plane: cluster.ControlPlane,
    api_client: ApiClient,
    ready: Readymade,
    make_namespace: Callable[[], str],
) -> Stage:
    """Return a stage with a labelled key Secret; the operator is the test's own."""
    name = make_namespace()
    requests = RequestsSeen(control_plane.audit_log, name)
    made = Stage(api=api_client, namespace=name, ready=ready, requests=requests)
    made.give_key()
    return made


@pytest.fixture
def act_as(kubectl: Kubectl, tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a kubeconfig that acts as a service account: namespace, name."""

    def act(namespace: str, account: str) -> Path:
        return account_kubeconfig(kubectl, namespace, account, tmp_path)

    return act
