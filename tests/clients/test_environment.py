"""The preset Environment as the environment of a process; a restart brings it up to date."""

from collections.abc import Callable

import pytest
import yaml

from support.client_scene import ClientScene
from support.example import EXAMPLES, command_of, container_of
from support.program import Program
from token_operator.domain.connection import Preset

EXAMPLE = "environment"


@pytest.fixture
def container(scene: ClientScene, start: Callable[..., Program]) -> Callable[[], Program]:
    """Start the container of the example as kubelet does: every entry becomes a variable."""

    def begin() -> Program:
        variables = scene.entries() | scene.environment()
        return start(command_of(EXAMPLE, scene), variables)

    return begin


def test_restarted_process_has_the_new_token(
    scene: ClientScene, container: Callable[[], Program]
) -> None:
    scene.across_a_renewal(Preset.ENVIRONMENT, lambda: container().next_line(), "1")


def test_running_process_keeps_the_dead_token(
    scene: ClientScene, container: Callable[[], Program]
) -> None:
    scene.publish(Preset.ENVIRONMENT)
    running = container()
    assert running.next_line() == "1"

    scene.publish(Preset.ENVIRONMENT)
    running.tell()

    assert running.exit_code() == 1
    assert "INVALID_SESSION_ID" in running.errors()


def test_connection_restarts_the_deployment_that_has_variables() -> None:
    deployment = yaml.safe_load((EXAMPLES / f"{EXAMPLE}.yaml").read_text())
    spec = yaml.safe_load((EXAMPLES / "presets.yaml").read_text())["spec"]

    (source,) = container_of(EXAMPLE)["envFrom"]
    presets = {target["secretName"]: target["presets"] for target in spec["targets"]}
    assert presets[source["secretRef"]["name"]] == ["Environment"]
    restarted = {"kind": "Deployment", "name": deployment["metadata"]["name"]}
    assert restarted in spec["restartWorkloads"]
