"""The Salesforce CLI has the entries of the preset SalesforceCLI as its environment."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from support.client_scene import ClientScene
from support.example import command_of, environment_of
from support.node_packages import node_modules
from support.program import Program
from token_operator.domain.connection import Preset

EXAMPLE: Final = "client-sf-cli"
PACKAGES: Final = Path(__file__).parent / "salesforce-cli"


@pytest.fixture
def environment(scene: ClientScene) -> dict[str, str]:
    """Put `sf` onto the path of the example's container."""
    given = environment_of(EXAMPLE, scene)
    return given | {"PATH": f"{node_modules(PACKAGES)}/.bin:{given['PATH']}"}


def test_cli_logs_in_and_queries_with_each_token(
    scene: ClientScene, start: Callable[..., Program], environment: dict[str, str]
) -> None:
    scene.publish(Preset.SALESFORCE_CLI)
    cli = start(command_of(EXAMPLE, scene), environment)
    first = one_pass(cli)
    scene.publish(Preset.SALESFORCE_CLI)
    cli.tell()
    second = one_pass(cli)

    assert first == second == [(0, scene.ready.user.username), (0, "Acme")]
    assert cli.errors() == ""


def one_pass(cli: Program) -> list[tuple[int, str]]:
    """Return the status of login and query, and whom and what they told."""
    login, query = cli.next_json(), cli.next_json()
    # The CLI says so when it takes the version from SF_ORG_API_VERSION.
    assert "org-api-version configuration overridden at 65.0" in query["warnings"]
    return [
        (login["status"], str(login["result"]["username"])),
        (query["status"], str(query["result"]["records"][0]["Name"])),
    ]


def test_cli_queries_with_a_token_instead_of_an_org(
    scene: ClientScene, start: Callable[..., Program], environment: dict[str, str]
) -> None:
    """`--target-org <token>` needs no login: the instance URL is that of SF_ORG_INSTANCE_URL."""

    def query() -> Any:
        variables = environment | scene.entries()
        token = variables["SF_ACCESS_TOKEN"]
        soql = ("--query", "SELECT Id, Name FROM Account")
        command = ("sf", "data", "query", "--json", "--target-org", token, *soql)
        return start(command, variables).next_json()

    answers = []
    for _ in range(2):
        scene.publish(Preset.SALESFORCE_CLI)
        answers.append(query())

    assert [one["status"] for one in answers] == [0, 0]
    assert [one["result"]["records"][0]["Name"] for one in answers] == ["Acme", "Acme"]
