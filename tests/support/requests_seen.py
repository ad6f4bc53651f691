"""What the operator asked the API server for, by the API server's own audit log."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_AGENT = "salesforce-token-operator/"
_READING = frozenset({"get", "list", "watch"})


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request that was answered."""

    verb: str
    resource: str
    name: str
    code: int

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"


class RequestsSeen:
    """Counts the operator's requests in one namespace, from now on."""

    def __init__(self, log: Path, namespace: str) -> None:
        self._log = log
        self._namespace = namespace
        self._start = 0
        self.forget()

    def forget(self) -> None:
        """Count from now on."""
        self._start = self._log.stat().st_size

    def all(self) -> list[SeenRequest]:
        """Return the requests for single objects, in the order of their answers."""
        return [one for one in self._seen() if one.verb not in ("list", "watch")]

    def counts(self) -> dict[str, int]:
        """Return how often each kind of request was made, such as `patch secrets`."""
        return dict(Counter(str(one) for one in self.all()))

    def writes(self) -> list[SeenRequest]:
        """Return the requests that change something."""
        return [one for one in self._seen() if one.verb not in _READING]

    def _seen(self) -> Iterator[SeenRequest]:
        with self._log.open() as log:
            log.seek(self._start)
            for line in log:
                # The last line may be half written.
                if self._namespace in line and _AGENT in line and line.endswith("\n"):
                    yield from self._told(json.loads(line))

    def _told(self, event: dict[str, Any]) -> Iterator[SeenRequest]:
        about = event.get("objectRef", {})
        is_ours = about.get("namespace") == self._namespace
        if not is_ours or not event["userAgent"].startswith(_AGENT):
            return
        if event["stage"] != "ResponseComplete":
            return
        parts = (about.get("resource", ""), about.get("subresource", ""))
        yield SeenRequest(
            verb=event["verb"],
            resource="/".join(filter(None, parts)),
            name=about.get("name", ""),
            code=event.get("responseStatus", {}).get("code", 0),
        )
