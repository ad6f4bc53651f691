"""Deleting works, also while the operator is down, and leaves nothing behind."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cluster
from fakeorg import FakeSalesforce, Readymade
from support.operator_process import OperatorProcess
from support.stage import Stage
from support.waiting import always, eventually

pytestmark = pytest.mark.cluster

_REVOKED = {"spec.token": {"revokeOnDelete": True}}


def test_target_goes_with_its_connection_by_garbage_collection(stage: Stage) -> None:
    stage.connect()
    token = stage.settled()
    assert "finalizers" not in stage.connection()["metadata"]
    target = stage.secret()
    assert target is not None
    assert "finalizers" not in target["metadata"]

    stage.disconnect()

    assert stage.connection_if_any() is None
    eventually(lambda: stage.secret() is None)
    # It would be back by now if the operator had taken that for a loss.
    always(lambda: stage.secret() is None, seconds=2)
    assert stage.ready.org.is_live(token)
    assert stage.ready.org.calls["token"] == 1


def test_key_secret_outlives_the_connection(stage: Stage) -> None:
    stage.connect()
    stage.settled()
    key = stage.secret("crm-key")

    stage.disconnect()
    eventually(lambda: stage.secret() is None)

    assert stage.secret("crm-key") == key


def test_retained_target_outlives_the_connection_and_a_new_one_takes_it_up(stage: Stage) -> None:
    kept = {"secretName": "crm-token", "deletionPolicy": "Retain"}
    stage.connect(changes={"spec.targets[0]": kept})
    token = stage.settled()

    stage.disconnect()
    always(lambda: stage.token() == token, seconds=2)

    stage.connect()
    assert stage.settled() == token


def test_suspended_connection_can_be_deleted(stage: Stage) -> None:
    stage.connect()
    stage.settled()
    stage.change({"spec": {"suspend": True}})
    eventually(lambda: stage.status()["observedGeneration"] == 2)

    stage.disconnect()

    eventually(lambda: stage.secret() is None)


def test_connection_that_is_made_anew_at_once_has_a_target_of_its_own(stage: Stage) -> None:
    stage.connect()
    stage.settled()
    stage.disconnect()
    stage.connect()

    stage.settled()

    def is_owned_by_the_new_one() -> bool:
        target, connection = stage.secret(), stage.connection()
        assert target is not None
        owners = target["metadata"]["ownerReferences"]
        return [one["uid"] for one in owners] == [connection["metadata"]["uid"]]

    eventually(is_owned_by_the_new_one)
    always(lambda: stage.ready.org.is_live(stage.token()), seconds=3)


def test_revoke_on_delete_ends_the_session_first(stage: Stage) -> None:
    stage.connect(changes=_REVOKED)
    token = stage.settled()
    eventually(lambda: stage.connection()["metadata"].get("finalizers"))

    stage.disconnect()

    eventually(lambda: stage.connection_if_any() is None)
    assert not stage.ready.org.is_live(token)
    assert stage.ready.org.calls["revoke"] == 1
    eventually(lambda: stage.secret() is None)


def test_finalizer_goes_when_revocation_is_no_longer_asked_for(stage: Stage) -> None:
    stage.connect(changes=_REVOKED)
    stage.settled()
    eventually(lambda: stage.connection()["metadata"].get("finalizers"))

    stage.change({"spec": {"token": {"revokeOnDelete": False}}})

    eventually(lambda: not stage.connection()["metadata"].get("finalizers"))
    stage.disconnect()
    assert stage.connection_if_any() is None
    assert stage.ready.org.calls["revoke"] == 0


def test_namespace_can_be_deleted_while_the_operator_is_down(
    control_plane: cluster.ControlPlane,
    fake: FakeSalesforce,
    orgs: Iterator[Readymade],
    make_stage: Callable[[Readymade], Stage],
    operator_log: Path,
) -> None:
    stage = make_stage(next(orgs))
    stage.give_key()
    stage.connect()
    flags = (
        f"--namespace={stage.namespace}",
        f"--ca-file={fake.ca_file}",
        f"--allowed-host=127.0.0.1:{stage.ready.org.port}",
    )
    with OperatorProcess(operator_log, *flags, kubeconfig=control_plane.kubeconfig) as operator:
        stage.settled()
        operator.stop()

    path = f"/api/v1/namespaces/{stage.namespace}"
    stage.api.delete(path)

    eventually(lambda: stage.api.get(path) is None, timeout=60)
