"""The container of an example, as a process beside the fake org."""

import sys
from pathlib import Path
from typing import Any, Final

import yaml

from support.client_scene import ClientScene

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
_MOUNTED_AT: Final = "/var/run/salesforce"
# What an example waits with between two requests, and the wait for a line that stands in for it.
_PAUSES: Final = {
    "sleep 60": "read -r _",
    "time.sleep(60)": "input()",
    "await setTimeout(60_000)": 'await new Promise((told) => process.stdin.once("data", told))',
}


def container_of(example: str) -> dict[str, Any]:
    """Return the only container of an example."""
    deployment = yaml.safe_load((EXAMPLES / f"{example}.yaml").read_text())
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(container)


def command_of(example: str, scene: ClientScene) -> list[str]:
    """Return the command of an example; folder, org and pauses are those of the test."""
    container = container_of(example)
    own = {
        _MOUNTED_AT: str(scene.folder),
        "https://acme.my.salesforce.com": scene.ready.org.login_url,
    }
    return [_replaced(word, own | _PAUSES) for word in (*container["command"], *container["args"])]


def environment_of(example: str, scene: ClientScene) -> dict[str, str]:
    """Return the environment of an example's container; what the test needs wins."""
    given = {one["name"]: one["value"] for one in container_of(example).get("env", [])}
    return given | scene.environment()


def _replaced(word: str, by: dict[str, str]) -> str:
    for old, new in by.items():
        word = word.replace(old, new)
    return sys.executable if word == "python" else word
