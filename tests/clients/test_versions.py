"""The clients that docs/targets.md names are those that the tests install."""

import json
import re
from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).parent
CHECKOUT: Final = HERE.parents[1]


def of_npm(folder: str, package: str) -> str:
    lock = json.loads((HERE / folder / "package-lock.json").read_text())
    return str(lock["packages"][f"node_modules/{package}"]["version"])


def of_file(file: Path, pattern: str) -> str:
    found = re.search(pattern, file.read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("client", "version"),
    [
        ("@salesforce/cli", of_npm("salesforce-cli", "@salesforce/cli")),
        ("jsforce", of_npm("jsforce", "jsforce")),
        ("salesforce-pubsub-api-client", of_npm("pubsub", "salesforce-pubsub-api-client")),
        ("golang.org/x/oauth2", of_file(HERE / "golang" / "go.mod", r"oauth2 v(\S+)")),
        (
            "simple-salesforce",
            of_file(CHECKOUT / "requirements-dev.txt", r"^simple-salesforce==([\d.]+)"),
        ),
    ],
)
def test_documented_version_is_the_one_that_is_tested(client: str, version: str) -> None:
    documented = re.findall(
        rf"(?<!\S){re.escape(client)} ([\d.]+\d)", (CHECKOUT / "docs" / "targets.md").read_text()
    )

    assert set(documented) == {version}
