"""A key is rotated with two commands and one upload, while the token goes on working."""

from pathlib import Path

import pytest

import cluster
from support.plugin import Plugin
from support.stage import Stage
from support.waiting import eventually

pytestmark = pytest.mark.cluster


def test_key_is_rotated_without_a_dead_token(
    control_plane: cluster.ControlPlane, stage: Stage, tmp_path: Path
) -> None:
    plugin = Plugin(control_plane.kubectl, control_plane.kubeconfig)
    stage.connect()
    token = stage.settled()
    file = str(tmp_path / "next.crt")
    plugin.good("rotate-key", "crm", "--certificate-file", file, namespace=stage.namespace)

    stage.ready.app.replace_certificate(Path(file).read_text())
    stage.ask_to_renew("1")
    eventually(lambda: "KeySwitched" in stage.reasons())
    plugin.good("rotate-key", "crm", "--finish", namespace=stage.namespace)

    keys = stage.connection()["spec"]["auth"]["jwtBearer"]["keys"]
    assert [key["secretName"] for key in keys] == [
        stage.status()["auth"]["activeKey"]["secretName"]
    ]
    assert stage.settled() == token
    assert stage.ready.org.is_live(token)
