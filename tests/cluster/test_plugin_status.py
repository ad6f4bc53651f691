"""`kubectl salesforce status` and `renew`, with a running operator."""

import json

import pytest

import cluster
from support.crd_samples import a_minimal_connection
from support.kubectl import Kubectl
from support.plugin import Plugin
from support.stage import Stage
from support.waiting import eventually

pytestmark = pytest.mark.cluster


@pytest.fixture
def plugin(control_plane: cluster.ControlPlane) -> Plugin:
    return Plugin(control_plane.kubectl, control_plane.kubeconfig)


def test_kubectl_lists_the_plugin_and_shows_its_help(plugin: Plugin) -> None:
    assert "check" in plugin.good("--help")
    assert "--watch" in plugin.good("status", "--help")


def test_status_of_a_namespace_is_a_table(plugin: Plugin, stage: Stage) -> None:
    stage.connect()
    stage.settled()

    header, row = plugin.good("status", namespace=stage.namespace).splitlines()

    assert header.split()[:2] == ["NAMESPACE", "NAME"]
    cells = row.split()
    assert cells[:4] == [stage.namespace, "crm", "True", "TokenCurrent"]
    assert cells[4] == stage.ready.org.login_url
    assert " in 59m" in row


def test_status_of_all_namespaces_names_each(plugin: Plugin, stage: Stage) -> None:
    stage.connect()
    stage.settled()

    done = plugin("status", "-A")

    assert f"{stage.namespace}   crm" in done.stdout


def test_status_of_one_tells_conditions_token_key_targets_and_events(
    plugin: Plugin, stage: Stage
) -> None:
    stage.give_secret(
        "pair",
        {"tls.key": stage.ready.keys.private_key, "tls.crt": stage.ready.keys.certificate},
    )
    stage.connect(changes={"spec.auth.jwtBearer.keys[0].secretName": "pair"})
    token = stage.settled()
    eventually(lambda: "TokenMinted" in stage.reasons())

    told = plugin.good("status", "crm", namespace=stage.namespace)

    status = stage.status()
    assert f"{stage.namespace}/crm: Ready (TokenCurrent)" in told
    assert "TokenValid: True Verified" in told
    assert status["token"]["fingerprint"] in told
    assert f"Expires: {status['token']['expiresAt']} (in 59m" in told
    assert status["auth"]["keyFingerprint"] in told
    assert f"Certificate expires: {status['auth']['certificateNotAfter']} (in " in told
    assert "crm-token: written" in told
    assert "Normal TokenMinted" in told
    assert token not in told


def test_status_of_a_refused_connection_is_told_with_its_remedy_and_exit_code_1(
    plugin: Plugin, stage: Stage
) -> None:
    stage.ready.app.change(policy="self-authorize", assigned=[])
    stage.connect()
    eventually(lambda: stage.failure().get("reason") == "UserNotApproved")

    done = plugin("status", "crm", namespace=stage.namespace)

    assert done.returncode == 1
    assert "Failure: UserNotApproved" in done.stdout
    assert "Remedy: Check that the username and spec.org.loginURL" in done.stdout
    assert "Token safe until: -" in done.stdout


def test_status_as_json_is_one_document(plugin: Plugin, stage: Stage) -> None:
    stage.connect()
    stage.settled()

    one = json.loads(plugin.good("status", "crm", "-o", "json", namespace=stage.namespace))
    (same,) = json.loads(plugin.good("status", "-o", "json", namespace=stage.namespace))

    assert one["ready"] is True
    assert one["consumers"] == []
    assert one["status"]["token"] == stage.status()["token"]
    assert same["name"] == "crm"


def test_watch_shows_a_change_when_it_happens(plugin: Plugin, stage: Stage) -> None:
    process = plugin.start("status", "--watch", namespace=stage.namespace)
    try:
        stage.connect()
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        while "TokenCurrent" not in lines[-1] and len(lines) < 20:
            lines.append(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)
        process.communicate()
    assert "TokenCurrent" in lines[-1]
    assert sum("NAMESPACE" in line for line in lines) == 1


def test_absent_connection_and_empty_namespace_are_told(plugin: Plugin, stage: Stage) -> None:
    assert plugin.refused("status", "other", namespace=stage.namespace) == (
        f"error: There is no SalesforceConnection other in namespace {stage.namespace}."
    )
    done = plugin("status", namespace=stage.namespace)
    assert (done.returncode, done.stdout) == (
        1,
        f"There are no SalesforceConnections in namespace {stage.namespace}.\n",
    )


def test_renewal_is_made_and_told(plugin: Plugin, stage: Stage) -> None:
    stage.connect()
    stage.settled()
    before = stage.ready.org.successful_logins

    told = plugin.good("renew", "crm", "--wait", namespace=stage.namespace)

    assert told.startswith("Renewed crm: sha256:")
    assert stage.ready.org.successful_logins == before + 1
    assert stage.status()["lastHandledRenewRequest"].startswith("20")


def test_renewal_that_fails_is_told_with_its_reason(plugin: Plugin, stage: Stage) -> None:
    stage.connect()
    stage.settled()
    stage.ready.user.active = False

    line = plugin.refused("renew", "crm", "--wait", namespace=stage.namespace)

    assert "The renewal of crm failed: UserInactive." in line
    assert "Activate or unfreeze" in line


def test_renewal_of_a_suspended_connection_is_not_waited_for(plugin: Plugin, stage: Stage) -> None:
    stage.connect(changes={"spec.suspend": True})

    assert "is suspended" in plugin.refused("renew", "crm", "--wait", namespace=stage.namespace)


def test_renewal_that_cannot_begin_tells_the_failure_at_the_timeout(
    plugin: Plugin, stage: Stage
) -> None:
    stage.connect(changes={"spec.auth.jwtBearer.keys[0].secretName": "absent"})
    eventually(lambda: stage.failure().get("reason") == "SourceSecretMissing")

    line = plugin.refused("renew", "crm", "--wait", "--timeout", "1s", namespace=stage.namespace)

    assert "failed: SourceSecretMissing. Secret absent does not exist." in line


def test_renewal_that_cannot_begin_is_not_waited_for(plugin: Plugin, stage: Stage) -> None:
    stage.connect(changes={"spec.auth.jwtBearer.keys[0].secretName": "absent"})
    eventually(lambda: stage.failure().get("reason") == "SourceSecretMissing")

    # Longer than a test may wait for a command.
    line = plugin.refused("renew", "crm", "--wait", "--timeout", "10m", namespace=stage.namespace)

    assert "failed: SourceSecretMissing. Secret absent does not exist." in line


def test_completion_by_kubectl_knows_commands_and_connections(
    plugin: Plugin, kubectl: Kubectl, namespace: str
) -> None:
    kubectl.create(a_minimal_connection(), namespace)

    words = ("__complete", "salesforce", "status", "-n", namespace, "c")
    assert plugin.complete(*words).splitlines()[0] == "crm"
    assert plugin.complete("__complete", "salesforce", "ren").startswith(
        "renew\tRequest a new access token now."
    )


def test_status_of_one_tells_who_reads_the_targets(plugin: Plugin, stage: Stage) -> None:
    stage.connect()
    stage.settled()
    container = {
        "name": "app",
        "image": "example.com/app",
        "envFrom": [{"secretRef": {"name": "crm-token"}}],
    }
    pod = {
        "metadata": {"name": "reader"},
        "spec": {"containers": [container], "automountServiceAccountToken": False},
    }
    stage.api.create(f"/api/v1/namespaces/{stage.namespace}/pods", pod)

    told = plugin.good("status", "crm", namespace=stage.namespace)

    assert "pod reader: Secret crm-token by env" in told
    assert "A new token does not reach it" in told

    document = json.loads(plugin.good("status", "crm", "-o", "json", namespace=stage.namespace))
    (reader,) = document.pop("consumers")
    assert reader.pop("warning").startswith("A new token does not reach it.")
    assert reader == {"pod": "reader", "secretName": "crm-token", "way": "env"}
    assert set(document) == {"namespace", "name", "ready", "status"}
