"""An org and the mounted files of a target, fresh for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakeorg import FakeSalesforce, readymade_org
from fakeorg.caller import Caller
from support.client_scene import ClientScene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[ClientScene]:
    with FakeSalesforce() as fake:
        ready = readymade_org(fake)
        with Caller(fake, ready) as caller:
            yield ClientScene(fake, ready, caller, tmp_path / "mounted")
