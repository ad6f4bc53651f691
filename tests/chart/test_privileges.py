"""The operator does its whole job with what the chart grants, and the chart grants nothing more."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import cluster
from fakeorg import FakeSalesforce
from support.helm import CHART, FULL_NAME, Helm, operator_flags
from support.kubectl import Kubectl
from support.operator_process import OperatorProcess
from support.privileges import Deeds, Privileges, privileges
from support.stage import Stage
from support.waiting import eventually

pytestmark = pytest.mark.cluster

_CONNECTIONS = "salesforceconnections"
_GROUP = "salesforce-token.dev"
# Item by item: what the operator may do in a namespace that it looks after.
_THERE = {
    f"list {_CONNECTIONS}.{_GROUP}",
    f"watch {_CONNECTIONS}.{_GROUP}",
    f"patch {_CONNECTIONS}.{_GROUP}",  # the finalizer of revokeOnDelete
    f"patch {_CONNECTIONS}/status.{_GROUP}",
    "get secrets",
    "list secrets",
    "watch secrets",
    "create secrets",
    "patch secrets",
    "delete secrets",
    "create events",
    "patch events",  # the count of a target that is contested
}
_WORKLOADS = {
    f"{verb} {kind}.apps"
    for verb in ("get", "patch")
    for kind in ("deployments", "statefulsets", "daemonsets")
}
# And in the namespace of the release.
_ELECTION = {
    f"get leases.coordination.k8s.io={FULL_NAME}",
    f"update leases.coordination.k8s.io={FULL_NAME}",
    "create leases.coordination.k8s.io",
}


@dataclass(frozen=True, slots=True)
class Installed:
    """The chart as installed: where, what it starts, and a kubeconfig of its account."""

    namespace: str
    flags: list[str]
    kubeconfig: Path
    in_cluster_scope: bool

    @property
    def user(self) -> str:
        """The name of the account, as the API server writes it."""
        return f"system:serviceaccount:{self.namespace}:{FULL_NAME}"


Install = Callable[..., Installed]


@pytest.fixture
def install(
    helm: Helm,
    stage: Stage,
    make_namespace: Callable[[], str],
    act_as: Callable[[str, str], Path],
) -> Iterator[Install]:
    """Install the chart in a namespace of its own; uninstall it at the end."""
    namespace = make_namespace()

    def install(*settings: str) -> Installed:
        where = [one.replace("NS", stage.namespace) for one in settings]
        arguments = ("--set=crds.install=false", *where)
        helm("install", "operator", CHART, "--namespace", namespace, *arguments)
        flags = operator_flags(helm.render(namespace, *arguments))
        is_wide = "--set=scope=namespaces" not in settings
        return Installed(namespace, flags, act_as(namespace, FULL_NAME), is_wide)

    yield install
    helm("uninstall", "operator", "--namespace", namespace, check=False)


@pytest.fixture(
    params=[
        pytest.param(("--set=scope=cluster",), id="scope cluster"),
        pytest.param(("--set=scope=namespaces", "--set=namespaces={NS}"), id="scope namespaces"),
    ]
)
def installed(install: Install, request: pytest.FixtureRequest) -> Installed:
    """Install the chart in each scope."""
    return install(*request.param)


@pytest.fixture
def operator(
    installed: Installed, fake: FakeSalesforce, stage: Stage, tmp_path: Path
) -> Iterator[OperatorProcess]:
    """Run the operator as the account of the chart, with the flags of the chart."""
    host = f"--allowed-host=127.0.0.1:{stage.ready.org.port}"
    flags = (*installed.flags, f"--ca-file={fake.ca_file}", host)
    log = tmp_path / "stderr.log"
    with OperatorProcess(log, *flags, kubeconfig=installed.kubeconfig) as running:
        yield running


@pytest.fixture
def deeds(installed: Installed, control_plane: cluster.ControlPlane) -> Deeds:
    """Tell what the account does from now on."""
    return Deeds(control_plane.audit_log, installed.user)


@pytest.fixture
def nobody(kubectl: Kubectl, stage: Stage, act_as: Callable[[str, str], Path]) -> Path:
    """Write a kubeconfig of an account without any role."""
    kubectl("create", "serviceaccount", "nobody", "--namespace", stage.namespace)
    return act_as(stage.namespace, "nobody")


def test_operator_does_its_whole_job_with_every_right_and_no_other(
    deeds: Deeds, operator: OperatorProcess, stage: Stage
) -> None:
    _do_the_whole_job(stage, operator)
    operator.stop()

    assert deeds.refused() == []
    granted = {one.partition("=")[0] for one in _THERE | _ELECTION}
    assert granted - deeds.done() == set(), "Granted, and never used."


def _do_the_whole_job(stage: Stage, operator: OperatorProcess) -> None:
    stage.connect(changes={"spec.token": {"revokeOnDelete": True}})
    token = stage.settled()
    assert stage.ready.org.is_live(token)
    assert stage.connection()["metadata"]["finalizers"] == ["salesforce-token.dev/revoke"]

    stage.delete_secret("crm-token")
    eventually(lambda: stage.token() == token)
    stage.set_entries("crm-token", {"access_token": "edited"})
    eventually(lambda: stage.token() == token)
    eventually(lambda: _is_contested(stage))
    stage.change({"spec": {"targets": [{"secretName": "renamed"}]}})
    eventually(lambda: stage.token("renamed") == token and stage.secret("crm-token") is None)
    stage.ask_to_renew("now")
    eventually(lambda: stage.status().get("lastHandledRenewRequest") == "now")
    eventually(lambda: {"TokenMinted", "TargetRepaired"} <= set(stage.reasons()))
    assert operator.metric("salesforce_token_leader") == 1

    stage.disconnect()
    eventually(lambda: stage.connection_if_any() is None)
    assert not stage.ready.org.is_live(token)


def _is_contested(stage: Stage) -> bool:
    """Edit the target whenever it is whole; return whether the operator has backed off."""
    if stage.token() != "edited":
        stage.set_entries("crm-token", {"access_token": "edited"})
    return "TargetContested" in stage.reasons()


def test_account_may_do_exactly_what_is_listed_here(
    installed: Installed,
    stage: Stage,
    kubectl: Kubectl,
    nobody: Path,
    make_namespace: Callable[[], str],
) -> None:
    def rights(namespace: str) -> Privileges:
        # Every account may ask about itself and read the discovery documents.
        of_everybody = privileges(kubectl, nobody, namespace)
        return privileges(kubectl, installed.kubeconfig, namespace) - of_everybody

    everywhere = _THERE if installed.in_cluster_scope else set()
    assert rights(stage.namespace) == _THERE
    assert rights(installed.namespace) == everywhere | _ELECTION
    assert rights(make_namespace()) == everywhere
    assert rights("kube-system") == everywhere


def test_restart_of_workloads_adds_these_rights_and_no_other(
    install: Install, stage: Stage, kubectl: Kubectl
) -> None:
    installed = install("--set=restartWorkloads=true")

    rights = privileges(kubectl, installed.kubeconfig, stage.namespace)
    assert {one for one in rights if one.endswith(".apps")} == _WORKLOADS


def test_aggregated_roles_let_people_view_and_edit_connections(
    install: Install, stage: Stage, kubectl: Kubectl
) -> None:
    install()
    verbs = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
    for role in ("view", "edit", "admin"):
        binding = (f"--clusterrole={role}", f"--user=who-{role}", "--namespace", stage.namespace)
        kubectl("create", "rolebinding", role, *binding)

    def may(user: str) -> list[str]:
        return [verb for verb in verbs if _can(kubectl, stage.namespace, user, verb)]

    eventually(lambda: may("who-view") == ["get", "list", "watch"])
    eventually(lambda: may("who-edit") == list(verbs))
    eventually(lambda: may("who-admin") == list(verbs))
    assert not _can(kubectl, stage.namespace, "who-edit", "patch", f"{_CONNECTIONS}/status")


def _can(
    kubectl: Kubectl, namespace: str, user: str, verb: str, resource: str = _CONNECTIONS
) -> bool:
    about = {"namespace": namespace, "verb": verb, "group": _GROUP}
    name, _, subresource = resource.partition("/")
    about |= {"resource": name, "subresource": subresource}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": about},
    }
    answer = kubectl("create", "-f", "-", "-o", "json", input=json.dumps(review)).stdout
    allowed: bool = json.loads(answer)["status"]["allowed"]
    return allowed
