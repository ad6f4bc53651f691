"""Connections of the unit tests, brought as far as a test needs them."""

from collections.abc import Mapping
from typing import Any

from support.parts import Parts


async def connected(parts: Parts, spec: Mapping[str, Any] | None = None) -> None:
    """Connect, and run passes until nothing changes any more."""
    parts.give_key()
    parts.connect(spec=spec)
    await parts.settle()


async def running(parts: Parts, spec: Mapping[str, Any] | None = None) -> str:
    """Connect, see that this succeeds, and return the token; requests are counted from here on."""
    await connected(parts, spec)
    assert parts.condition() == "True TokenCurrent"
    parts.server.requests.clear()
    held = parts.record().state.held
    assert held is not None
    return held.token.value
