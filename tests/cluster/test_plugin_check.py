"""`kubectl salesforce check` against a real API server and a fake org; it writes nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cluster
from fakeorg import FakeSalesforce, Readymade, readymade_org
from support.plugin import Plugin
from support.stage import Stage

pytestmark = pytest.mark.cluster


@pytest.fixture
def plugin(control_plane: cluster.ControlPlane) -> Plugin:
    return Plugin(control_plane.kubectl, control_plane.kubeconfig)


@pytest.fixture
def stage(fake: FakeSalesforce, make_stage: Callable[[Readymade], Stage]) -> Stage:
    """Return a stage without an operator: nobody else writes there."""
    made = make_stage(readymade_org(fake, f"checked{len(fake.orgs)}"))
    made.give_key()
    return made


@pytest.fixture
def flags(fake: FakeSalesforce, stage: Stage) -> list[str]:
    return [f"--allowed-host=127.0.0.1:{stage.ready.org.port}", f"--ca-file={fake.ca_file}"]


def everything(stage: Stage) -> dict[str, Any]:
    """Return what is in the namespace with its versions, less what Kubernetes puts there."""
    root = f"/api/v1/namespaces/{stage.namespace}"
    ours = f"/apis/salesforce-token.dev/v1alpha1/namespaces/{stage.namespace}/salesforceconnections"
    kinds = (f"{root}/secrets", f"{root}/events", f"{root}/configmaps", ours)
    found = {kind: (stage.api.get(kind) or {}).get("items") or [] for kind in kinds}
    own = "kube-root-ca.crt"
    return {kind: [one for one in found[kind] if one["metadata"]["name"] != own] for kind in kinds}


def test_good_connection_has_a_tick_at_every_step_and_nothing_is_written(
    plugin: Plugin, stage: Stage, flags: list[str]
) -> None:
    stage.connect()
    before = everything(stage)

    told = plugin.good("check", "crm", *flags, namespace=stage.namespace)

    lines = [line for line in told.splitlines() if line.startswith("  ✓ ")]
    assert len(lines) == 10
    assert told.endswith("All is good.\n")
    assert everything(stage) == before
    assert stage.ready.org.successful_logins == 1
    assert all(session.token not in told for session in stage.ready.org.live_sessions)


def test_failure_is_told_with_reason_and_remedy_and_exit_code_1(
    plugin: Plugin, stage: Stage, flags: list[str]
) -> None:
    stage.ready.app.change(assigned=[])
    stage.connect()

    done = plugin("check", "crm", *flags, namespace=stage.namespace)

    assert done.returncode == 1
    assert "✗ login: UserNotAssigned: " in done.stdout
    assert "-> In Setup, Manage Connected Apps" in done.stdout
    assert "Failed: login. 3 steps skipped." in done.stdout


def test_check_as_json_is_one_document(plugin: Plugin, stage: Stage, flags: list[str]) -> None:
    stage.connect()
    stage.delete_secret("crm-key")

    done = plugin("check", "crm", "-o", "json", *flags, namespace=stage.namespace)

    told = json.loads(done.stdout)
    assert (done.returncode, told["good"]) == (1, False)
    steps = {step["step"]: step for step in told["steps"]}
    assert steps["sources"]["reason"] == "SourceSecretMissing"
    assert steps["sources"]["remedy"]
    assert steps["login"]["result"] == "not done"


def test_connection_in_a_file_is_checked_before_it_is_applied(
    plugin: Plugin, stage: Stage, flags: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "crm.yaml"
    file.write_text(json.dumps(stage.a_connection()))
    before = everything(stage)

    told = plugin.good("check", "-f", str(file), *flags, namespace=stage.namespace)

    assert told.startswith(f"Checking {stage.namespace}/crm:")
    assert everything(stage) == before


def test_change_in_a_file_is_checked_against_the_connection_that_is_there(
    plugin: Plugin, stage: Stage, flags: list[str]
) -> None:
    stage.connect()
    document = json.dumps(stage.a_connection(changes={"spec.org.apiVersion": "99.0"}))

    done = plugin("check", "-f", "-", *flags, namespace=stage.namespace, input=document)

    assert done.returncode == 1
    assert "✗ API version: SpecInvalid: spec.org.apiVersion is 99.0" in done.stdout
    assert "apiVersion" not in stage.connection()["spec"]["org"]


def test_what_the_api_server_refuses_is_told_as_it_says(
    plugin: Plugin, stage: Stage, flags: list[str]
) -> None:
    changes = {"spec.org.loginURL": "http://acme.my.salesforce.com"}
    document = json.dumps(stage.a_connection(changes=changes))

    done = plugin("check", "-f", "-", *flags, namespace=stage.namespace, input=document)

    assert done.returncode == 1
    assert "✗ spec: SpecInvalid: " in done.stdout
    text = " ".join(done.stdout.split())
    assert "must start with https://, for example https://login.salesforce.com" in text


def test_target_of_somebody_else_is_told_and_left(
    plugin: Plugin, stage: Stage, flags: list[str]
) -> None:
    stage.give_secret("crm-token", {"x": "y"}, labels={})
    stage.connect()

    done = plugin("check", "crm", *flags, namespace=stage.namespace)

    assert done.returncode == 1
    assert "✗ target: TargetNotOwned: Secret crm-token already exists" in done.stdout
    assert stage.entries() == {"x": "y"}


def test_source_of_another_connection_is_told_as_the_operator_would(
    plugin: Plugin, stage: Stage, flags: list[str]
) -> None:
    stage.give_key(name="erp-key")
    stage.connect("erp", changes={"spec.auth.jwtBearer.keys[0].secretName": "erp-key"})
    target = {"secretName": "erp-key", "creationPolicy": "Merge"}
    stage.connect(changes={"spec.targets[0]": target})
    before = everything(stage)

    done = plugin("check", "crm", *flags, namespace=stage.namespace)

    assert done.returncode == 1
    text = " ".join(done.stdout.split())
    assert "✗ target: TargetConflict: Secret erp-key is a source of connection erp." in text
    assert everything(stage) == before


def test_host_that_is_not_allowed_is_never_called(plugin: Plugin, stage: Stage) -> None:
    stage.connect()

    done = plugin("check", "crm", namespace=stage.namespace)

    assert "✗ login host: HostNotAllowed" in done.stdout
    assert stage.ready.org.calls.total() == 0
