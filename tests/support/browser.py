"""A real headless Chromium, driven by the WebDriver protocol (W3C)."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from cluster.children import kill_group, spawn
from support.operator_process import free_port
from support.waiting import eventually

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # W3C WebDriver, section 12.1
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    # It must not reach beyond this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)


@dataclass(frozen=True, slots=True)
class Browser:
    """One window."""

    http: httpx.Client

    def open(self, url: str) -> None:
        """Go to a page, and wait until it is there."""
        self._post("/url", {"url": url})

    def click(self, selector: str) -> None:
        """Click an element."""
        found = self._post("/element", {"using": "css selector", "value": selector})
        self._post(f"/element/{found[_ELEMENT]}/click", {})

    def text(self) -> str:
        """Return the text of the page."""
        found = self._post("/element", {"using": "css selector", "value": "body"})
        return str(self._get(f"/element/{found[_ELEMENT]}/text"))

    def shows(self, text: str) -> None:
        """Wait until the page shows *text*: a click may still be leading to it."""
        eventually(lambda: text in self.text(), timeout=20)

    def address(self) -> str:
        """Return what stands in the address bar."""
        return str(self._get("/url"))

    def _post(self, path: str, content: dict[str, Any]) -> Any:
        return _value(self.http.post(path, json=content))

    def _get(self, path: str) -> Any:
        return _value(self.http.get(path))


def _value(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()["value"]


def programs() -> tuple[str, str]:
    """Return Chromium and its driver; skip the test where they are missing, fail it in CI."""
    found = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if all(found):
        return str(found[0]), str(found[1])
    reason = "Chromium and its driver are not installed: `make browser` installs them."
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def a_browser(folder: Path) -> Iterator[Browser]:
    """Start a browser with a new profile in *folder*."""
    chromium, driver = programs()
    port = free_port()
    environment = {**os.environ, "HOME": str(folder)}
    with (folder / "chromedriver.log").open("ab") as log:
        process = spawn([driver, f"--port={port}"], log, environment=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as http:
            eventually(lambda: _is_up(http), timeout=30)
            session = _session(http, chromium, folder / "profile")
            http.base_url = httpx.URL(f"http://127.0.0.1:{port}/session/{session}")
            yield Browser(http)
            http.delete("")
    finally:
        kill_group(process)


def _is_up(http: httpx.Client) -> bool:
    try:
        return bool(http.get("/status").json()["value"]["ready"])
    except httpx.TransportError:
        return False


def _session(http: httpx.Client, chromium: str, profile: Path) -> str:
    options = {"binary": chromium, "args": [*_FLAGS, f"--user-data-dir={profile}"]}
    wanted = {
        "browserName": "chrome",
        # The fake org has an authority of its own.
        "acceptInsecureCerts": True,
        "goog:chromeOptions": options,
    }
    made = _value(http.post("/session", json={"capabilities": {"alwaysMatch": wanted}}))
    return str(made["sessionId"])
