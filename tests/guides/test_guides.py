"""Every setup guide, gone through as a reader does: each block pasted, each click made."""

import base64
import fcntl
import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TextIO

import pytest

import cluster
from fakeorg import FakeSalesforce
from support.guide import Block, Clicks, Part, Shown, parts_of
from support.guide_clicks import CLICKS
from support.guide_scene import Scene, kubeconfig_in, shell_of
from support.kubectl import Kubectl
from support.operator_process import OperatorProcess
from support.waiting import eventually

_DOCS: Final = Path(__file__).parents[2] / "docs"
_GUIDES: Final = sorted(file for file in (_DOCS / "setup").glob("*.md") if file.stem != "README")
_FENCES: Final = {"sh", "text", "json"}

with_each_guide = pytest.mark.parametrize("guide", [pytest.param(g, id=g.stem) for g in _GUIDES])


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeSalesforce]:
    with FakeSalesforce() as running:
        yield running


@pytest.fixture(scope="module")
def operator(
    control_plane: cluster.ControlPlane,
    fake: FakeSalesforce,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[OperatorProcess]:
    """Run one operator whose way to Salesforce leads through the proxy to the fake orgs."""
    log = tmp_path_factory.mktemp("operator") / "stderr.log"
    proxy = {"HTTPS_PROXY": fake.proxy_url, "NO_PROXY": "127.0.0.1"}
    flags = (f"--ca-file={fake.ca_file}",)
    with OperatorProcess(
        log, *flags, kubeconfig=control_plane.kubeconfig, variables=proxy
    ) as running:
        yield running


@pytest.fixture
def _callback_port() -> Iterator[None]:
    """Keep the port of the callback URL to this test run: the guides name the default one."""
    file = f"salesforce-token-operator-{os.getuid()}-1717.lock"
    with (Path(tempfile.gettempdir()) / file).open("w") as lock:
        eventually(lambda: _locked(lock), timeout=120)
        yield


def _locked(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@pytest.fixture
def scene(
    control_plane: cluster.ControlPlane,
    fake: FakeSalesforce,
    namespace: str,
    tmp_path: Path,
    guide: Path,
) -> Scene:
    """Return a reader in an empty folder and an org without an app."""
    org = fake.add_org(f"guide-{secrets.token_hex(3)}")
    user = org.add_user(f"integration@{org.name}.example")
    kubeconfig = kubeconfig_in(tmp_path, control_plane.kubeconfig, namespace)
    folder = tmp_path / "reader"
    folder.mkdir()
    shell = shell_of(kubeconfig, control_plane.kubectl, fake, user.username)
    values = {"LOGIN_URL": org.my_domain_url, "INTEGRATION_USER": user.username}
    return Scene(guide, folder, shell, fake, org, user, values=values)


@pytest.mark.cluster
@pytest.mark.usefixtures("_callback_port")
@with_each_guide
def test_guide_leads_to_a_ready_connection_with_a_live_token(
    guide: Path, scene: Scene, operator: OperatorProcess, kubectl: Kubectl, namespace: str
) -> None:
    scene.play(parts_of(guide), CLICKS)

    found = json.loads(kubectl("get", "sfconn", "-n", namespace, "-o", "json").stdout)["items"]
    assert "crm" in {one["metadata"]["name"] for one in found}
    for connection in found:
        assert _ready(connection) == "True TokenCurrent"
        assert _is_live(scene.fake, _token_of(connection, kubectl, namespace))
    assert _unused_refresh_tokens(scene) == []


def _ready(connection: dict[str, Any]) -> str:
    conditions = connection["status"]["conditions"]
    (ready,) = (one for one in conditions if one["type"] == "Ready")
    return f"{ready['status']} {ready['reason']}"


def _token_of(connection: dict[str, Any], kubectl: Kubectl, namespace: str) -> str:
    target = connection["spec"]["targets"][0]["secretName"]
    raw = json.loads(kubectl("get", "secret", target, "-n", namespace, "-o", "json").stdout)
    return base64.b64decode(raw["data"]["access_token"]).decode()


def _unused_refresh_tokens(scene: Scene) -> list[str]:
    """Return the tokens that the reader pasted and the operator did not trade for a new one."""
    pasted = scene.values.get("REFRESH_TOKEN")
    return [one.refresh_token for one in scene.org.refresh_tokens if one.refresh_token == pasted]


def _is_live(fake: FakeSalesforce, token: str) -> bool:
    return any(org.is_live(token) for org in fake.orgs)


# --- What the run above relies on ---


def test_there_is_a_guide_for_every_path() -> None:
    letters = [guide.stem[0] for guide in _GUIDES if guide.stem[1] == "-"]

    assert letters == list("abcde")
    assert _DOCS / "setup" / "client-credentials.md" in _GUIDES


@with_each_guide
def test_every_block_of_a_guide_is_run_or_compared(guide: Path) -> None:
    text = guide.read_text()

    kinds = re.findall(r"^\s*```(.*)\n", text, re.MULTILINE)[::2]
    parts = parts_of(guide)
    assert set(kinds) <= _FENCES
    assert len(kinds) * 2 == text.count("```")
    assert sum(isinstance(part, Block) for part in parts) == kinds.count("sh") > 0
    assert sum(isinstance(part, Shown) for part in parts) == kinds.count("text")
    assert sum(isinstance(part, Clicks) for part in parts) == text.count("<!--")


@with_each_guide
def test_what_is_shown_stands_behind_the_block_that_prints_it(guide: Path) -> None:
    parts = parts_of(guide)

    before = [parts[place - 1] for place, part in enumerate(parts) if isinstance(part, Shown)]
    assert all(isinstance(part, Block) for part in before)


def test_every_marker_is_known_and_every_known_one_is_used() -> None:
    used = [part.name for guide in _GUIDES for part in parts_of(guide) if isinstance(part, Clicks)]

    assert set(used) == set(CLICKS)


def test_marker_of_another_form_is_refused(tmp_path: Path) -> None:
    guide = tmp_path / "guide.md"
    guide.write_text("<!-- amdin: pre-authorize -->\n")

    with pytest.raises(ValueError, match="A marker reads"):
        parts_of(guide)


@with_each_guide
def test_reasons_that_a_guide_names_are_explained(guide: Path) -> None:
    named = re.findall(
        r"^\| `(\w+)` \|.*\]\(\.\./troubleshooting\.md#", guide.read_text(), re.MULTILINE
    )
    explained = re.findall(
        r"^(?:\| `|\*\*`)(\w+)`", (_DOCS / "troubleshooting.md").read_text(), re.MULTILINE
    )

    assert named
    assert set(named) <= set(explained)


@with_each_guide
def test_overview_leads_to_the_guide(guide: Path) -> None:
    assert f"({guide.name})" in (_DOCS / "setup" / "README.md").read_text()


# --- How a guide is read ---


def test_reader_fills_in_values() -> None:
    block = Block("export NAME=example\necho $NAME\n")

    assert block.holes == ["NAME"]
    assert block.filled_in({"NAME": "'a value'"}) == "export NAME='a value'\necho $NAME\n"


@pytest.mark.parametrize(
    ("shown", "missing"),
    [
        pytest.param("Made a.\n✓ login: …\n", [], id="in order"),
        pytest.param("✓ login: …\nMade a.\n", ["Made a."], id="in another order"),
        pytest.param("Made\n", ["Made"], id="a part of a line"),
    ],
)
def test_shown_lines_are_looked_for_in_order(shown: str, missing: list[str]) -> None:
    assert Shown(shown).missing_from("Made a.\nand more\n  ✓ login: good at x\n") == missing


def test_text_of_a_guide_becomes_its_parts(tmp_path: Path) -> None:
    guide = tmp_path / "guide.md"
    guide.write_text(
        "<!-- admin: click -->\n\n1. Do:\n\n   ```sh\n   a\n   ```\n\n```text\nb\n```\n"
    )

    parts: list[Part] = parts_of(guide)

    assert parts == [Clicks("click"), Block("a\n"), Shown("b\n")]
