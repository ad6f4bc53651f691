"""What every test may ask for: a real control plane, a namespace in it, and kubectl."""

import contextlib
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import cluster
from support.kubectl import Kubectl

# What waits for minutes comes first, so that nobody waits for the last file alone.
_LONGEST_FIRST = ("bench", "demo", "cluster", "chart", "guides", "clients")
_CRDS = Path(__file__).parents[1] / "crds"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests by how long their folder takes; the order within a folder stays."""
    tests = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        folder = item.path.relative_to(tests).parts[0]
        return _LONGEST_FIRST.index(folder) if folder in _LONGEST_FIRST else len(_LONGEST_FIRST)

    items.sort(key=place)


@pytest.fixture(scope="session")
def control_plane(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[cluster.ControlPlane]:
    """Start a control plane that knows our kinds, one for each process of a test run."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def report(line: str) -> None:
        # The first run builds for minutes: whoever waits must see that.
        with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
            print(line, file=sys.stderr, flush=True)  # noqa: T201 - progress for a person

    directory = tmp_path_factory.mktemp("cluster") / "control-plane"
    with cluster.start(directory, crds=[_CRDS], report=report, audit=True) as running:
        yield running


@pytest.fixture(scope="session")
def kubectl(control_plane: cluster.ControlPlane) -> Kubectl:
    """Run kubectl as the administrator of the control plane."""
    return Kubectl(control_plane.kubectl, control_plane.kubeconfig)


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    """Make a namespace of the test's own; nobody waits for its end."""
    name = f"test-{secrets.token_hex(4)}"
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false", check=False)
