"""Who takes part in a guide: a reader at a shell, and an admin in the org."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fakeorg import App, FakeSalesforce, Org, User
from support.guide import Block, Clicks, Part, Shown
from support.operator_process import environment
from support.plugin import FOLDER

_BROWSER: Final = Path(__file__).with_name("guide_browser.py")
# A block waits at most two minutes for the operator.
PATIENCE: Final = 150.0


@dataclass(slots=True)
class Scene:
    """One guide on its way: the reader's shell and folder, the org and its app."""

    guide: Path
    folder: Path
    environment: Mapping[str, str]
    fake: FakeSalesforce
    org: Org
    user: User
    values: dict[str, str] = field(default_factory=dict)
    app: App | None = None
    output: str = ""

    def play(self, parts: list[Part], clicks: Mapping[str, "Clicking"]) -> None:
        """Do everything that a guide says, in order."""
        for part in parts:
            match part:
                case Clicks(name):
                    clicks[name](self)
                case Block():
                    self.paste(part)
                case Shown():
                    missing = part.missing_from(self.output)
                    assert missing == [], f"The guide shows {missing}, printed was:\n{self.output}"

    def paste(self, block: Block) -> None:
        """Run a block as a reader does who has filled in the values; all variables stay."""
        unknown = [name for name in block.holes if name not in self.values]
        assert unknown == [], f"Nobody has told the reader the value of {unknown}."
        text = block.filled_in({name: shlex.quote(value) for name, value in self.values.items()})
        kept = self.folder.parent / "variables"
        kept.touch()
        script = f"source {kept}\nset -eu -o pipefail\n{text}\nset +u\nexport -p > {kept}\n"
        done = subprocess.run(
            ["bash", "-c", script],  # noqa: S607 - the reader's own
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        self.output = done.stdout

    def the_app(self) -> App:
        """Return the app that the admin made."""
        assert self.app is not None, "No admin has made the app yet."
        return self.app


Clicking = Callable[[Scene], None]


def shell_of(kubeconfig: Path, kubectl: Path, fake: FakeSalesforce, user: str) -> dict[str, str]:
    """Return the environment of a reader whose way to Salesforce leads to the fake org."""
    path = os.pathsep.join([str(kubectl.parent), str(FOLDER), os.environ["PATH"]])
    return environment(
        kubeconfig,
        {
            "PATH": path,
            "HTTPS_PROXY": fake.proxy_url,
            "NO_PROXY": "127.0.0.1,localhost",
            "SSL_CERT_FILE": str(fake.ca_file),
            "CURL_CA_BUNDLE": str(fake.ca_file),
            "BROWSER": f"{sys.executable} {_BROWSER} %s",
            "APPROVING_USER": user,
        },
    )


def kubeconfig_in(folder: Path, kubeconfig: Path, namespace: str) -> Path:
    """Write a kubeconfig whose context has this namespace."""
    document: dict[str, Any] = json.loads(kubeconfig.read_text())
    for one in document["contexts"]:
        one["context"]["namespace"] = namespace
    written = folder / "kubeconfig"
    written.touch(mode=0o600)
    written.write_text(json.dumps(document))
    return written
