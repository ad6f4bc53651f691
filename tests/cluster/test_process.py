"""The process: how it starts, answers, and ends."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cluster
from fakeorg import FakeSalesforce, Readymade, faults
from support.api_client import ApiClient
from support.kubectl import Kubectl
from support.operator_process import PROGRAM, OperatorProcess, environment
from support.requests_seen import RequestsSeen
from support.stage import Stage
from support.waiting import eventually

pytestmark = pytest.mark.cluster

_CRDS = Path(__file__).parents[2] / "crds"


def test_process_tells_that_it_lives_and_is_ready_and_knows_no_other_path(
    operator: OperatorProcess,
) -> None:
    assert operator.get("/livez").status_code == 200
    assert operator.get("/readyz").status_code == 200
    assert operator.get("/metrics").status_code == 200
    for path in ("/", "/healthz", "/metrics/", "/debug", "/livez/x"):
        assert operator.get(path).status_code == 404


def test_metrics_tell_of_a_connection_and_end_with_it(
    stage: Stage, operator: OperatorProcess
) -> None:
    stage.connect()
    stage.settled()
    labels = f'{{name="crm",namespace="{stage.namespace}"}}'

    eventually(lambda: operator.metric(f"salesforce_token_ready{labels}") == 1)
    expiry = operator.metric(f"salesforce_token_expiry_timestamp_seconds{labels}")
    assert expiry > operator.metric(f"salesforce_token_renewal_timestamp_seconds{labels}") > 0
    login = 'salesforce_token_logins_total{grant="JWTBearer",result="success"}'
    assert operator.metric(login) >= 1

    stage.disconnect()
    eventually(lambda: stage.namespace not in operator.metrics())


def test_each_log_line_is_one_object_that_names_time_level_and_connection(
    stage: Stage, operator: OperatorProcess
) -> None:
    stage.connect()
    stage.settled()
    about = f"{stage.namespace}/crm"

    def lines() -> list[dict[str, str]]:
        return [one for one in operator.lines() if one.get("connection") == about]

    eventually(lambda: any("decision" in one for one in lines()))
    assert all({"time", "level", "logger", "message"} <= one.keys() for one in operator.lines())
    assert [one for one in operator.lines() if one["level"] in ("error", "critical")] == []


def test_sigterm_ends_an_idle_process_well(
    control_plane: cluster.ControlPlane, operator_log: Path
) -> None:
    with OperatorProcess(operator_log, kubeconfig=control_plane.kubeconfig) as operator:
        operator.stop()

    assert [one for one in operator.lines() if one["level"] in ("error", "critical")] == []


def test_sigterm_while_a_login_hangs_ends_the_process_in_time(
    control_plane: cluster.ControlPlane,
    fake: FakeSalesforce,
    orgs: Iterator[Readymade],
    make_stage: Callable[[Readymade], Stage],
    operator_log: Path,
) -> None:
    stage = make_stage(next(orgs))
    hang = faults.Hang()
    stage.ready.org.fail("token", hang, None)
    stage.give_key()
    stage.connect()
    flags = (
        f"--namespace={stage.namespace}",
        f"--ca-file={fake.ca_file}",
        f"--allowed-host=127.0.0.1:{stage.ready.org.port}",
    )
    with OperatorProcess(operator_log, *flags, kubeconfig=control_plane.kubeconfig) as operator:
        # The operator of the other tests, if it runs, logs in here too.
        eventually(lambda: stage.ready.org.calls["token"] >= 1)

        operator.stop()

    # Before the org answers again: the other operator may get a token then.
    assert stage.secret() is None
    hang.release()


def test_one_connection_that_hangs_holds_up_no_other(
    stage: Stage, make_stage: Callable[[Readymade], Stage], orgs: Iterator[Readymade]
) -> None:
    slow = make_stage(next(orgs))
    hang = faults.Hang()
    slow.ready.org.fail("token", hang, 1)
    slow.give_key()
    slow.connect()
    eventually(lambda: slow.ready.org.calls["token"] == 1)

    stage.connect()
    assert stage.ready.org.is_live(stage.settled())

    hang.release()
    assert slow.ready.org.is_live(slow.settled())


def test_operator_waits_for_its_api_and_says_so(
    tmp_path: Path, fake: FakeSalesforce, orgs: Iterator[Readymade], operator_log: Path
) -> None:
    ready = next(orgs)
    flags = (f"--ca-file={fake.ca_file}", f"--allowed-host=127.0.0.1:{ready.org.port}")
    operator = OperatorProcess(operator_log, *flags, kubeconfig=tmp_path / "bare" / "kubeconfig")
    with cluster.start(tmp_path / "bare", audit=True) as bare, contextlib.closing(operator):
        operator.start(is_ready=False)
        warned = eventually(lambda: [one for one in operator.lines() if one["level"] == "warning"])
        assert "kubectl apply" in warned[0]["message"]
        assert operator.get("/readyz").status_code == 503
        assert operator.get("/livez").status_code == 200

        Kubectl(bare.kubectl, bare.kubeconfig)("apply", "-f", str(_CRDS))
        eventually(operator.answers_ready, timeout=20)
        with contextlib.closing(ApiClient(bare.kubeconfig, tmp_path)) as api:
            requests = RequestsSeen(bare.audit_log, "default")
            stage = Stage(api=api, namespace="default", ready=ready, requests=requests)
            stage.give_key()
            stage.connect()
            assert ready.org.is_live(stage.settled())


def test_wrong_kubeconfig_is_said_in_two_lines(tmp_path: Path) -> None:
    done = subprocess.run(
        [PROGRAM, "run", "--listen-address=127.0.0.1:0"],
        env=environment(tmp_path / "missing") | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert 1 <= len(done.stderr.splitlines()) <= 2
    assert "Traceback" not in done.stderr
    assert "missing" in done.stderr or "KUBECONFIG" in done.stderr


def test_port_that_is_taken_is_said_in_two_lines(
    control_plane: cluster.ControlPlane, operator: OperatorProcess
) -> None:
    done = subprocess.run(
        [PROGRAM, "run", f"--listen-address=127.0.0.1:{operator.port}"],
        env=environment(control_plane.kubeconfig),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 1
    assert 1 <= len(done.stderr.splitlines()) <= 2
    assert str(operator.port) in done.stderr
