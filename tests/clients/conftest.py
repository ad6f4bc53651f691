"""An org and the mounted files of a target, fresh for each test, and clients that go on running."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fakeorg import FakeSalesforce, readymade_org
from fakeorg.caller import Caller
from support.client_scene import ClientScene
from support.program import Program


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[ClientScene]:
    with FakeSalesforce() as fake:
        ready = readymade_org(fake)
        with Caller(fake, ready) as caller:
            yield ClientScene(fake, ready, caller, tmp_path / "mounted")


@pytest.fixture
def start() -> Iterator[Callable[..., Program]]:
    """Start programs that end with the test."""
    with ExitStack() as stack:
        yield lambda *of, **how: stack.enter_context(Program(*of, **how))
