"""Whoever waits as kstatus says, such as Flux and Helm 4, hears the truth about a connection."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cluster
from fakeorg import FakeSalesforce
from support.crd_samples import Changes
from support.helm import Helm, HelmError
from support.operator_process import OperatorProcess
from support.stage import Stage

pytestmark = [
    pytest.mark.cluster,
]

Deploy = Callable[..., None]
# As helm speaks of its own --timeout.
_TIMED_OUT = "context deadline exceeded"


@pytest.fixture
def deploy(helm: Helm, stage: Stage, tmp_path: Path) -> Deploy:
    """Install a connection with a chart of its own and wait for it, with a timeout in seconds."""
    templates = tmp_path / "connections" / "templates"
    templates.mkdir(parents=True)
    (templates.parent / "Chart.yaml").write_text(
        "apiVersion: v2\nname: connections\nversion: 1.0.0\n"
    )

    def deploy(changes: Changes | None = None, *, timeout: int = 60) -> None:
        content = json.dumps(stage.a_connection(changes=changes)).replace("{{", "{ {")
        (templates / "crm.yaml").write_text(content)
        where = ("--namespace", stage.namespace)
        waiting = ("--wait=watcher", f"--timeout={timeout}s")
        helm("install", "connections", templates.parent, *where, *waiting)

    return deploy


@pytest.fixture
def operator(
    control_plane: cluster.ControlPlane, fake: FakeSalesforce, stage: Stage, tmp_path: Path
) -> Iterator[OperatorProcess]:
    flags = (
        f"--namespace={stage.namespace}",
        f"--ca-file={fake.ca_file}",
        f"--allowed-host=127.0.0.1:{stage.ready.org.port}",
    )
    log = tmp_path / "stderr.log"
    with OperatorProcess(log, *flags, kubeconfig=control_plane.kubeconfig) as running:
        yield running


@pytest.mark.usefixtures("operator")
def test_wait_ends_when_the_target_holds_a_token(deploy: Deploy, stage: Stage) -> None:
    deploy()

    assert stage.ready.org.is_live(stage.token())


@pytest.mark.usefixtures("operator")
def test_wait_ends_with_a_failure_once_a_person_has_to_act(deploy: Deploy, stage: Stage) -> None:
    with pytest.raises(HelmError, match=r"crm not ready\. status: Failed") as failure:
        deploy({"spec.auth.jwtBearer.keys[0].secretName": "nowhere"})

    assert _TIMED_OUT not in str(failure.value)
    assert stage.condition("Stalled") == "True SourceSecretMissing"


def test_wait_does_not_end_well_without_an_operator(deploy: Deploy) -> None:
    with pytest.raises(HelmError, match=r"crm not ready\. status: InProgress") as failure:
        deploy(timeout=4)

    assert _TIMED_OUT in str(failure.value)
