"""Upgrade, uninstall and re-install keep all tokens, make no login, and bring the definition."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from fakeorg import FakeSalesforce
from support.api_client import ApiClient
from support.crd_schema import Schema, root
from support.helm import CHART, FULL_NAME, RELEASE, RELEASED, Helm, operator_flags
from support.operator_process import OperatorProcess
from support.stage import Stage
from support.waiting import always, eventually

pytestmark = pytest.mark.cluster

_RELEASES = [pytest.param(folder, id=folder.name) for folder in sorted(RELEASED.iterdir())]
_DEFINITION = (
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    "/salesforceconnections.salesforce-token.dev"
)
# The definition of the tests' cluster was not made by Helm.
_TAKE = ("--take-ownership", "--force-conflicts")
Run = Callable[[Path], OperatorProcess]


@pytest.fixture
def arguments(
    make_namespace: Callable[[], str], stage: Stage, helm: Helm
) -> Iterator[Sequence[str]]:
    """Return the arguments of every helm command; uninstall the release at the end."""
    where = ("--namespace", make_namespace())
    yield (*where, f"--set=scope=namespaces,namespaces={{{stage.namespace}}}")
    helm("uninstall", RELEASE, *where, check=False)


@pytest.fixture
def org_flags(fake: FakeSalesforce, stage: Stage) -> Sequence[str]:
    """Return the flags without which the operator does not call the fake org."""
    host = f"127.0.0.1:{stage.ready.org.port}"
    return (f"--ca-file={fake.ca_file}", f"--allowed-host={host}")


@pytest.fixture
def run(
    arguments: Sequence[str],
    org_flags: Sequence[str],
    helm: Helm,
    act_as: Callable[[str, str], Path],
    tmp_path: Path,
) -> Iterator[Run]:
    """Run the operator as a chart starts it, and as its account, once it is ready."""
    running: list[OperatorProcess] = []

    def run(chart: Path) -> OperatorProcess:
        flags = (*operator_flags(helm.render_chart(chart, *arguments)), *org_flags)
        account = act_as(arguments[1], FULL_NAME)
        process = OperatorProcess(tmp_path / f"{len(running)}.log", *flags, kubeconfig=account)
        running.append(process)
        process.start()
        return process

    yield run
    for process in running:
        process.kill()


@pytest.mark.parametrize("release", _RELEASES)
def test_upgrade_keeps_the_token_and_makes_no_login(
    release: Path, helm: Helm, arguments: Sequence[str], stage: Stage, run: Run
) -> None:
    helm("install", RELEASE, release / CHART.name, *arguments, *_TAKE)
    old = run(release / CHART.name)
    stage.connect()
    stage.settled()
    target, uid = stage.secret(), stage.connection()["metadata"]["uid"]

    helm("upgrade", RELEASE, CHART, *arguments)
    new = run(CHART)
    old.stop()
    eventually(lambda: new.metric("salesforce_token_leader") == 1)

    always(lambda: stage.secret() == target, seconds=2)
    assert stage.connection()["metadata"]["uid"] == uid
    assert stage.ready.org.calls["token"] == 1
    _renews(stage)


def test_upgrade_brings_the_definition_of_the_new_chart(
    helm: Helm, arguments: Sequence[str], api_client: ApiClient
) -> None:
    def fields_of_a_target() -> set[str]:
        status = _schema(api_client)["properties"]["status"]["properties"]
        return set(status["targets"]["items"]["properties"])

    helm("install", RELEASE, RELEASED / "0.1.0" / CHART.name, *arguments, *_TAKE)
    assert "deletionPolicy" not in fields_of_a_target()

    helm("upgrade", RELEASE, CHART, *arguments)

    assert "deletionPolicy" in fields_of_a_target()
    assert _schema(api_client) == root()


def test_uninstalled_release_leaves_connections_and_targets_and_takes_them_up_again(
    helm: Helm, arguments: Sequence[str], stage: Stage, run: Run, api_client: ApiClient
) -> None:
    helm("install", RELEASE, CHART, *arguments, *_TAKE)
    operator = run(CHART)
    stage.connect()
    stage.settled()
    target, connection = stage.secret(), stage.connection()

    operator.stop()
    helm("uninstall", *arguments[:2], RELEASE)

    _, home = arguments[:2]
    assert api_client.get(f"/api/v1/namespaces/{home}/serviceaccounts/{FULL_NAME}") is None
    assert api_client.get(_DEFINITION) is not None
    assert stage.connection() == connection
    assert stage.secret() == target

    helm("install", RELEASE, CHART, *arguments)
    again = run(CHART)
    eventually(lambda: again.metric("salesforce_token_leader") == 1)
    always(lambda: stage.secret() == target, seconds=2)
    assert stage.ready.org.calls["token"] == 1
    _renews(stage)


def _schema(api_client: ApiClient) -> Schema:
    """Return the schema by which the API server judges connections."""
    definition = api_client.get(_DEFINITION)
    assert definition is not None
    (version,) = definition["spec"]["versions"]
    schema: Schema = version["schema"]["openAPIV3Schema"]
    return schema


def _renews(stage: Stage) -> None:
    token = stage.token()
    stage.ask_to_renew("now")
    eventually(lambda: stage.status().get("lastHandledRenewRequest") == "now")
    assert stage.token() == token
    assert stage.ready.org.calls["token"] == 2
