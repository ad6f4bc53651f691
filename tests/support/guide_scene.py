"""Who takes part in a guide: a reader at a shell, and an admin in the org."""

import contextlib
import json
import os
import shlex
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from fakeorg import App, FakeSalesforce, Org, User
from support.guide import Block, Clicks, Part, Shown
from support.operator_process import environment
from support.plugin import FOLDER

_BROWSER: Final = Path(__file__).with_name("guide_browser.py")
# A reader may have to wait for Salesforce to know a change; here nothing has to propagate.
PATIENCE: Final = 120.0


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
        code, self.output = self._run(script)
        assert code == 0, f"{text}\n{self.output}"

    def _run(self, script: str) -> tuple[int, str]:
        """Run a script; where it prints a URL to open, answer with the address it leads to."""
        with subprocess.Popen(
            ["bash", "-c", script],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            watchdog = threading.Timer(PATIENCE, _end, [process])
            watchdog.start()
            try:
                lines = list(self._followed(process, is_answered="--no-browser" in script))
            except BaseException:
                _end(process)
                raise
            finally:
                watchdog.cancel()
        return process.returncode, "".join(lines)

    def _followed(self, process: subprocess.Popen[str], *, is_answered: bool) -> Iterator[str]:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in process.stdout:
            yield line
            if is_answered and line.strip().startswith("https://"):
                process.stdin.write(f"{self._allowed(line.strip())}\n")
                process.stdin.flush()

    def _allowed(self, url: str) -> str:
        """Allow the access in a browser elsewhere; return the address in its address bar."""
        tls = ssl.create_default_context(cafile=self.fake.ca_file)
        form = {"username": self.user.username, "decision": "allow"}
        with httpx.Client(verify=tls, trust_env=False, proxy=self.fake.proxy_url) as http:
            answer = http.post(url, data=form)
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def the_app(self) -> App:
        """Return the app that the admin made."""
        assert self.app is not None, "No admin has made the app yet."
        return self.app


def _end(process: subprocess.Popen[str]) -> None:
    """Kill the shell and what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


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
            "PYTHONUNBUFFERED": "1",
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
