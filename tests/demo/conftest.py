"""What the tests of the demo share."""

from pathlib import Path

import pytest

from demo.shell import Shell, environment
from demo.terminal import Terminal


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Return a shell that knows no cluster."""
    return Shell(tmp_path, environment([], tmp_path / "kubeconfig"), Terminal())
