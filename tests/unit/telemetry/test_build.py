"""The version is that of the distribution, wherever the operator runs from."""

from importlib import metadata

import pytest

from token_operator.telemetry import build


def test_bare_checkout_has_a_version_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_DISTRIBUTION", "no-such-distribution")

    assert build.version() == "0+unknown"


def test_installed_distribution_tells_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_DISTRIBUTION", "aiohttp")

    assert build.version() == metadata.version("aiohttp")
