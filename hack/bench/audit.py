"""What the operator asked the API server for, by the API server's own audit log."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_AGENT: Final = "salesforce-token-operator/"
# They are for all objects at once, and made once.
_OF_A_WATCH: Final = frozenset({"list", "watch"})


class AuditLog:
    """Counts the operator's requests for single objects of one namespace, from a mark on."""

    def __init__(self, file: Path, namespace: str) -> None:
        self._file = file
        self._namespace = namespace
        self._mark = 0

    def mark(self) -> None:
        """Count from now on."""
        self._mark = self._file.stat().st_size

    def counts(self) -> Counter[str]:
        """Return how often each kind of request was made, such as `patch secrets`."""
        return Counter(_kind(event) for event in self._events() if self._is_counted(event))

    def is_watched(self, resource: str) -> bool:
        """Whether the operator watches a resource by now, so that it has listed all there is."""
        return f"watch {resource}" in map(_kind, self._events())

    def _events(self) -> Iterator[dict[str, Any]]:
        with self._file.open() as lines:
            lines.seek(self._mark)
            for line in lines:
                # The last line may be half written.
                if _AGENT in line and line.endswith("\n"):
                    event = json.loads(line)
                    if event["userAgent"].startswith(_AGENT):
                        yield event

    def _is_counted(self, event: dict[str, Any]) -> bool:
        is_here = event.get("objectRef", {}).get("namespace") == self._namespace
        is_answered = event["stage"] == "ResponseComplete"
        return is_here and is_answered and event["verb"] not in _OF_A_WATCH


def _kind(event: dict[str, Any]) -> str:
    about = event.get("objectRef", {})
    parts = (about.get("resource", ""), about.get("subresource", ""))
    return f"{event['verb']} {'/'.join(filter(None, parts))}"
