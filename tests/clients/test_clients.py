"""Clients that were not written by us read the mounted files as they are, across a renewal."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
import requests
from simple_salesforce.api import Salesforce

from support.client_scene import ClientScene
from token_operator.domain.connection import Preset

HERE: Final = Path(__file__).parent
SOQL: Final = "SELECT Id, Name FROM Account"
PATH: Final = "services/data/v65.0/query?q=SELECT+Id,+Name+FROM+Account"
QUICK: Final = 60
# Installing and building may have to download.
SLOW: Final = 300


def across_a_renewal(scene: ClientScene, preset: Preset, query: Callable[[], str]) -> None:
    """Query with one token, then with the next, when the first is dead."""
    for number in (1, 2):
        scene.publish(preset)
        assert query() == "Acme"
        assert scene.ready.org.calls["rest"] == number


def run(scene: ClientScene, *command: str) -> str:
    done = subprocess.run(
        command, env=scene.environment(), capture_output=True, text=True, timeout=QUICK, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def first_name(answer: str) -> str:
    return str(json.loads(answer)["records"][0]["Name"])


# --- Clients that are started for each query ---


def test_curl_reads_the_header_file(scene: ClientScene) -> None:
    url = f"{scene.ready.org.login_url}/{PATH}"
    command = ("curl", "--silent", "--show-error", "--fail", "-H", f"@{scene.folder}/header", url)

    across_a_renewal(scene, Preset.HTTP_HEADER, lambda: first_name(run(scene, *command)))


def test_shell_sources_the_env_file(scene: ClientScene) -> None:
    script = f"""
        set -eu
        . {scene.folder}/.env
        curl --silent --show-error --fail \\
          --header "Authorization: Bearer $SALESFORCE_ACCESS_TOKEN" \\
          "$SALESFORCE_INSTANCE_URL/services/data/v$SALESFORCE_API_VERSION/{PATH.split("/", 3)[3]}"
    """

    across_a_renewal(scene, Preset.DOT_ENV, lambda: first_name(run(scene, "/bin/sh", "-c", script)))


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
        pytest.param(Preset.PUB_SUB, "accesstoken", "instanceurl", id="PubSub"),
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

    across_a_renewal(scene, preset, lambda: first_name(run(scene, "/bin/sh", "-c", script)))


# --- Clients that go on running ---


@pytest.mark.parametrize("argument", ["instance_url", "instance"])
def test_simple_salesforce_reads_its_files(scene: ClientScene, argument: str) -> None:
    def query() -> str:
        token = (scene.folder / "session_id").read_text()
        where = {argument: (scene.folder / argument).read_text()}
        salesforce = Salesforce(session_id=token, session=web, version="65.0", **where)  # type: ignore[arg-type] # one of two texts
        return str(salesforce.query(SOQL)["records"][0]["Name"])

    with requests.Session() as web:
        web.trust_env, web.verify = False, str(scene.fake.ca_file)
        across_a_renewal(scene, Preset.SIMPLE_SALESFORCE, query)


def test_json_document_is_read_by_any_language(scene: ClientScene) -> None:
    def query() -> str:
        read = json.loads((scene.folder / "token.json").read_text())
        url = f"{read['instance_url']}/services/data/v{read['api_version']}/query"
        header = {"Authorization": f"{read['token_type']} {read['access_token']}"}
        return first_name(web.get(url, params={"q": SOQL}, headers=header, timeout=QUICK).text)

    with requests.Session() as web:
        web.trust_env, web.verify = False, str(scene.fake.ca_file)
        across_a_renewal(scene, Preset.JSON, query)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Install a Node.js client as its lock file says, and return the program that uses it."""

    def install(client: str) -> str:
        folder = tmp_path_factory.mktemp(client)
        for file in ("package.json", "package-lock.json", "query.mjs"):
            shutil.copy(HERE / client / file, folder)
        options = ("--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts", "--silent")
        command = ("npm", "install", *options, "--omit-lockfile-registry-resolved=true")
        subprocess.run(command, cwd=folder, timeout=SLOW, check=True, capture_output=True)
        return str(folder / "query.mjs")

    return install


@pytest.fixture(scope="session")
def golang(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the Go program."""
    built = tmp_path_factory.mktemp("golang") / "query"
    command = ("go", "build", "-mod=readonly", "-o", str(built), ".")
    subprocess.run(command, cwd=HERE / "golang", timeout=SLOW, check=True, capture_output=True)
    return built


@pytest.fixture
def running(scene: ClientScene) -> Iterator[Callable[..., Callable[[], str]]]:
    """Start a program that answers one query for each line that it is given."""
    started: list[subprocess.Popen[str]] = []

    def start(*command: str) -> Callable[[], str]:
        program = subprocess.Popen(
            (*command, str(scene.folder)),
            env=scene.environment(),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(program)

        def query() -> str:
            assert program.stdin is not None
            assert program.stdout is not None
            program.stdin.write(f"{SOQL}\n")
            program.stdin.flush()
            return program.stdout.readline().strip()

        return query

    yield start
    for program in started:
        with program:
            program.kill()


@pytest.mark.parametrize(
    ("client", "preset"),
    [
        pytest.param("jsforce", Preset.JSFORCE, id="jsforce"),
        # What the Salesforce CLI is made of; this version still runs on Node.js 20.
        pytest.param("salesforce-core", Preset.SALESFORCE_CLI, id="salesforce-core"),
    ],
)
def test_node_client_reads_its_files(
    scene: ClientScene,
    running: Callable[..., Callable[[], str]],
    installed: Callable[[str], str],
    client: str,
    preset: Preset,
) -> None:
    across_a_renewal(scene, preset, running("node", installed(client)))


def test_go_program_with_a_static_token_source_reads_its_files(
    scene: ClientScene, running: Callable[..., Callable[[], str]], golang: Path
) -> None:
    across_a_renewal(scene, Preset.DEFAULT, running(str(golang)))
