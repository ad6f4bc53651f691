"""The operator in a process of its own, one for the tests of a file, and a stage for each test."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cluster
from fakeorg import FakeSalesforce, Readymade, readymade_org
from support.api_client import ApiClient
from support.operator_process import OperatorProcess
from support.requests_seen import RequestsSeen
from support.stage import Stage

# Which hosts the operator may call is said when it starts: so the orgs are there before it.
_ORGS = 64


@pytest.fixture(scope="session")
def api_client(
    control_plane: cluster.ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiClient]:
    client = ApiClient(control_plane.kubeconfig, tmp_path_factory.mktemp("api-client"))
    yield client
    client.close()


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeSalesforce]:
    with FakeSalesforce() as running:
        yield running


@pytest.fixture(scope="module")
def orgs(fake: FakeSalesforce) -> Iterator[Readymade]:
    """Give a fresh org to whoever asks next."""
    return iter([readymade_org(fake, f"acme{number}") for number in range(_ORGS)])


@pytest.fixture(scope="module")
def operator(
    control_plane: cluster.ControlPlane,
    fake: FakeSalesforce,
    orgs: Iterator[Readymade],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[OperatorProcess]:
    """Run one operator for all namespaces."""
    hosts = [f"--allowed-host=127.0.0.1:{org.port}" for org in fake.orgs]
    log = tmp_path_factory.mktemp("operator") / "stderr.log"
    flags = (f"--ca-file={fake.ca_file}", *hosts)
    with OperatorProcess(log, *flags, kubeconfig=control_plane.kubeconfig) as running:
        yield running


@pytest.fixture
def make_stage(
    control_plane: cluster.ControlPlane, api_client: ApiClient
) -> Iterator[Callable[[Readymade], Stage]]:
    """Make a namespace; nobody waits for its end."""
    made: list[str] = []

    def make(ready: Readymade) -> Stage:
        name = f"test-{secrets.token_hex(4)}"
        api_client.create("/api/v1/namespaces", {"metadata": {"name": name}})
        made.append(name)
        requests = RequestsSeen(control_plane.audit_log, name)
        return Stage(api=api_client, namespace=name, ready=ready, requests=requests)

    yield make
    for name in made:
        api_client.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def stage(
    make_stage: Callable[[Readymade], Stage],
    orgs: Iterator[Readymade],
    operator: OperatorProcess,
) -> Stage:
    """Return a stage with a running operator and a labelled key Secret."""
    made = make_stage(next(orgs))
    made.give_key()
    return made


@pytest.fixture
def operator_log(tmp_path: Path) -> Path:
    """Name a log file for an operator of the test's own."""
    return tmp_path / "stderr.log"
