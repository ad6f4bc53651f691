"""Clients that were not written by us read the mounted files as they are, across a renewal."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
import requests
from simple_salesforce.api import Salesforce

from support.client_scene import ClientScene
from support.example import command_of, environment_of
from support.node_packages import node_modules
from support.program import Program
from token_operator.domain.connection import Preset

HERE: Final = Path(__file__).parent
SOQL: Final = "SELECT Id, Name FROM Account"
PATH: Final = "services/data/v65.0/query?q=SELECT+Id,+Name+FROM+Account"
QUICK: Final = 60
# Building may have to download.
SLOW: Final = 300


def run(scene: ClientScene, *command: str) -> str:
    done = subprocess.run(
        command, env=scene.environment(), capture_output=True, text=True, timeout=QUICK, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def first_name(answer: str) -> str:
    return str(json.loads(answer)["records"][0]["Name"])


def total_size(answer: object) -> object:
    return answer["totalSize"] if isinstance(answer, dict) else answer


@pytest.mark.parametrize(
    ("example", "preset"),
    [
        pytest.param("client-curl", Preset.HTTP_HEADER, id="curl"),
        pytest.param("client-shell", Preset.DOT_ENV, id="shell"),
        pytest.param("client-simple-salesforce", Preset.SIMPLE_SALESFORCE, id="simple-salesforce"),
        pytest.param("client-jsforce", Preset.JSFORCE, id="jsforce"),
        pytest.param("client-json", Preset.JSON, id="urllib"),
    ],
)
def test_client_of_an_example_goes_on_across_a_renewal(
    scene: ClientScene,
    start: Callable[..., Program],
    tmp_path: Path,
    example: str,
    preset: Preset,
) -> None:
    started: list[Program] = []

    def query() -> object:
        if not started:
            command, environment = command_of(example, scene), environment_of(example, scene)
            started.append(start(command, environment, folder=tmp_path))
        else:
            started[0].tell()
        return total_size(started[0].next_json())

    if example == "client-jsforce":
        (tmp_path / "node_modules").symlink_to(node_modules(HERE / "jsforce"))
    scene.across_a_renewal(preset, query, 1)

    assert started[0].errors() == ""


# --- Clients that are started for each query ---


@pytest.mark.parametrize(
    ("preset", "token", "instance"),
    [
        pytest.param(Preset.DEFAULT, "access_token", "instance_url", id="Default"),
        pytest.param(
            Preset.ENVIRONMENT,
            "SALESFORCE_ACCESS_TOKEN",
            "SALESFORCE_INSTANCE_URL",
            id="Environment",
        ),
    ],
)
def test_shell_reads_one_file_for_each_value(
    scene: ClientScene, preset: Preset, token: str, instance: str
) -> None:
    script = f"""
        cd {scene.folder}
        curl --silent --show-error --fail \\
          --header "Authorization: Bearer $(cat {token})" "$(cat {instance})/{PATH}"
    """

    scene.across_a_renewal(preset, lambda: first_name(run(scene, "/bin/sh", "-c", script)), "Acme")


# --- Clients that go on running ---


@pytest.mark.parametrize("argument", ["instance_url", "instance"])
def test_simple_salesforce_takes_either_form_of_the_instance(
    scene: ClientScene, argument: str
) -> None:
    def query() -> str:
        token = (scene.folder / "session_id").read_text()
        where = {argument: (scene.folder / argument).read_text()}
        salesforce = Salesforce(session_id=token, session=web, version="65.0", **where)  # type: ignore[arg-type] # one of two texts
        return str(salesforce.query(SOQL)["records"][0]["Name"])

    with requests.Session() as web:
        web.trust_env, web.verify = False, str(scene.fake.ca_file)
        scene.across_a_renewal(Preset.SIMPLE_SALESFORCE, query, "Acme")


@pytest.fixture(scope="session")
def golang(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the Go program."""
    built = tmp_path_factory.mktemp("golang") / "query"
    command = ("go", "build", "-mod=readonly", "-o", str(built), ".")
    subprocess.run(command, cwd=HERE / "golang", timeout=SLOW, check=True, capture_output=True)
    return built


def test_go_program_with_a_static_token_source_reads_its_files(
    scene: ClientScene, start: Callable[..., Program], golang: Path
) -> None:
    program = start((str(golang), str(scene.folder)), scene.environment())

    scene.across_a_renewal(Preset.DEFAULT, lambda: program.ask(SOQL), "Acme")
