"""A real node, the image, the chart, and a pod that uses a token."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cluster
import node
from cluster.helm import provide_helm
from cluster.progress import Report
from fakeorg import FakeSalesforce, OrgSettings, readymade_org
from node import images, programs
from support.api_client import ApiClient
from support.client_pod import ClientPod
from support.crd_samples import Changes
from support.helm import FULL_NAME, Helm
from support.kubectl import Kubectl
from support.release import FIRST_CHART, PATIENCE, REPOSITORY, VERSIONS, Release
from support.replicas import Write, intruders, pod_writes
from support.requests_seen import RequestsSeen
from support.stage import Stage
from support.waiting import eventually

_RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"
# Every login gives another token, as early and as often as the API allows.
_HURRIED: Changes = {
    "spec.token": {"lifetime": "1m", "renewAtPercent": 20},
    "spec.targets": [{"secretName": "crm-token", "presets": ["Default", "HTTPHeader"]}],
}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "e2e: needs root; runs the operator on a real node")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave these tests out unless they are asked for by `-m e2e`, and this machine can do it."""
    ours = [item for item in items if item.get_closest_marker("e2e")]
    if not ours:
        return
    if "e2e" not in str(config.getoption("markexpr")):
        config.hook.pytest_deselected(items=ours)
        items[:] = [item for item in items if item not in ours]
    elif not os.environ.get("CI") and not programs.kernel_is_able():
        pytest.exit("A real node needs root: no end-to-end test was run (CI would fail).", 0)


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> Report:
    """Tell a person what is going on: it takes minutes."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def tell(line: str) -> None:
        with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
            print(line, file=sys.stderr, flush=True)  # noqa: T201 - progress for a person

    return tell


@pytest.fixture(scope="session")
def control_plane(
    tmp_path_factory: pytest.TempPathFactory, report: Report
) -> Iterator[cluster.ControlPlane]:
    """Start a control plane without our kinds: the chart brings them."""
    directory = tmp_path_factory.mktemp("e2e") / "control-plane"
    with cluster.start(directory, report=report, audit=True) as running:
        yield running


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory, report: Report) -> list[Path]:
    """Build all images."""
    programs.provide(report)
    folder = tmp_path_factory.mktemp("images")
    names = [images.base(report)]
    for version in VERSIONS:
        names.append(f"{REPOSITORY}:{version}")
        images.operator(names[-1], report, version=version)
    return [images.archive(name, folder / f"{place}.tar") for place, name in enumerate(names)]


@pytest.fixture(scope="session")
def worker(
    archives: list[Path],
    control_plane: cluster.ControlPlane,
    tmp_path_factory: pytest.TempPathFactory,
    report: Report,
) -> Iterator[node.Node]:
    """Start a node that has all images."""
    with node.start(control_plane, tmp_path_factory.mktemp("e2e") / "node", report=report) as it:
        for archive in archives:
            it.load(archive)
        yield it


@pytest.fixture(scope="session")
def kubectl(control_plane: cluster.ControlPlane) -> Kubectl:
    return Kubectl(control_plane.kubectl, control_plane.kubeconfig)


@pytest.fixture(scope="session")
def api_client(
    control_plane: cluster.ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiClient]:
    client = ApiClient(control_plane.kubeconfig, tmp_path_factory.mktemp("api-client"))
    yield client
    client.close()


@pytest.fixture(scope="session")
def fake() -> Iterator[FakeSalesforce]:
    with FakeSalesforce() as running:
        yield running


@pytest.fixture(scope="session")
def proxy(worker: node.Node, fake: FakeSalesforce) -> str:
    """Return the proxy by which pods reach the fake org, under its real names."""
    return f"http://{worker.expose(fake.proxy_port)}"


@pytest.fixture(scope="session")
def helm(
    control_plane: cluster.ControlPlane,
    tmp_path_factory: pytest.TempPathFactory,
    report: Report,
) -> Helm:
    return Helm(provide_helm(report), control_plane.kubeconfig, tmp_path_factory.mktemp("helm"))


@pytest.fixture(scope="session")
def release(
    helm: Helm, kubectl: Kubectl, worker: node.Node, fake: FakeSalesforce, proxy: str
) -> Release:
    """Install the released chart with its own defaults, but for the way to the org."""
    namespace = _make_namespace(kubectl, "salesforce")
    kubectl(
        *("create", "configmap", "org-authorities", f"--namespace={namespace}"),
        f"--from-file=ca.crt={fake.ca_file}",
    )
    made = Release(helm=helm, kubectl=kubectl, worker=worker, namespace=namespace, proxy=proxy)
    made.apply("install", VERSIONS[0], chart=FIRST_CHART)
    return made


@pytest.fixture(scope="session")
def make_stage(
    control_plane: cluster.ControlPlane, kubectl: Kubectl, api_client: ApiClient
) -> Callable[[FakeSalesforce, str, OrgSettings], Stage]:
    """Make a namespace with a key, and an org that knows it."""

    def make(fake: FakeSalesforce, name: str, settings: OrgSettings) -> Stage:
        ready = readymade_org(fake, name, settings=settings)
        namespace = _make_namespace(kubectl, name)
        requests = RequestsSeen(control_plane.audit_log, namespace)
        stage = Stage(api=api_client, namespace=namespace, ready=ready, requests=requests)
        stage.login_url = ready.org.my_domain_url
        stage.give_key()
        return stage

    return make


@pytest.fixture(scope="session")
def hurried(
    release: Release,
    fake: FakeSalesforce,
    make_stage: Callable[[FakeSalesforce, str, OrgSettings], Stage],
) -> Stage:
    """Connect to an org whose token is renewed every few seconds, each time by another one."""
    stage = make_stage(fake, "hurried", OrgSettings(unique_tokens=True))
    stage.connect(changes=_HURRIED)
    stage.settled()
    return stage


@pytest.fixture(scope="session")
def steady(
    release: Release,
    fake: FakeSalesforce,
    make_stage: Callable[[FakeSalesforce, str, OrgSettings], Stage],
) -> Stage:
    """Connect to an org whose token outlives the tests, so that one login is enough."""
    stage = make_stage(fake, "steady", OrgSettings())
    stage.connect()
    stage.settled()
    return stage


@pytest.fixture(scope="session")
def client(
    hurried: Stage, fake: FakeSalesforce, kubectl: Kubectl, proxy: str, report: Report
) -> ClientPod:
    """Start a pod that uses the token of the hurried org without a pause."""
    pod = ClientPod(kubectl, hurried.namespace)
    pod.start(image=images.base(report), proxy=proxy, authorities=fake.ca_file.read_text())
    kubectl(
        *("wait", "--for=condition=Ready", "pod/client", "--timeout=60s"),
        f"--namespace={hurried.namespace}",
    )
    return pod


@pytest.fixture
def written(release: Release, control_plane: cluster.ControlPlane) -> Callable[[], list[Write]]:
    """Tell what the operator's pods have written so far."""
    return lambda: pod_writes(control_plane.audit_log, release.namespace, FULL_NAME)


@pytest.fixture
def nothing_is_lost(
    client: ClientPod, steady: Stage, written: Callable[[], list[Write]]
) -> Iterator[None]:
    """Whatever a test does: two renewals reach the client afterwards, and no query failed."""
    yield
    known = set(client.tokens())
    eventually(lambda: len(set(client.tokens()) - known) >= 2, timeout=PATIENCE, poll=1)
    assert client.failures() == []
    assert steady.ready.org.successful_logins == 1
    assert intruders(written()) == []


def _make_namespace(kubectl: Kubectl, name: str) -> str:
    kubectl("create", "namespace", name)
    kubectl("label", "namespace", name, _RESTRICTED)
    return name
