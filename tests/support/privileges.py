"""What an account may do, and what it did: by the API server's own word."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.kubectl import Kubectl

# `verb resource`, or `verb resource/name` where the privilege is for one object alone.
Privileges = set[str]


def privileges(kubectl: Kubectl, kubeconfig: Path, namespace: str) -> Privileges:
    """Return what the account of a kubeconfig may do in a namespace, by SelfSubjectRulesReview."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    asking = Kubectl(kubectl.program, kubeconfig)
    command = ("create", "--validate=false", "-f", "-", "-o", "json")
    answer = asking(*command, input=json.dumps(review)).stdout
    status = json.loads(answer)["status"]
    assert not status["incomplete"], status
    return {*_of_resources(status), *_of_paths(status)}


def _of_resources(status: dict[str, Any]) -> Iterator[str]:
    for rule in status["resourceRules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                what = f"{resource}.{group}" if group else resource
                for name in rule.get("resourceNames") or [""]:
                    subject = f"{what}={name}" if name else what
                    yield from (f"{verb} {subject}" for verb in rule["verbs"])


def _of_paths(status: dict[str, Any]) -> Iterator[str]:
    for rule in status["nonResourceRules"]:
        for path in rule["nonResourceURLs"]:
            yield from (f"{verb} {path}" for verb in rule["verbs"])


@dataclass(slots=True)
class Deeds:
    """What an account asked the API server for, from now on, by the audit log."""

    log: Path
    user: str
    _start: int = field(init=False)

    def __post_init__(self) -> None:
        self._start = self.log.stat().st_size

    def done(self) -> Privileges:
        """Return what it used, in the words of `privileges`."""
        return {_used(event) for event in self._events() if "objectRef" in event}

    def refused(self) -> list[str]:
        """Return what it was forbidden by its roles, not by an ending namespace."""
        return [
            f"{event['verb']} {event['requestURI']}"
            for event in self._events()
            if event["annotations"]["authorization.k8s.io/decision"] == "forbid"
        ]

    def _events(self) -> Iterator[dict[str, Any]]:
        with self.log.open() as log:
            log.seek(self._start)
            for line in log:
                if self.user in line and line.endswith("\n"):
                    event: dict[str, Any] = json.loads(line)
                    if event["user"]["username"] == self.user:
                        yield event


def _used(event: dict[str, Any]) -> str:
    about = event["objectRef"]
    resource = "/".join(filter(None, (about["resource"], about.get("subresource", ""))))
    group = about.get("apiGroup", "")
    return f"{event['verb']} {resource}.{group}" if group else f"{event['verb']} {resource}"
