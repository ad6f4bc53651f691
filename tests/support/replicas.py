"""Operators that elect a leader, each with an account of its own: so the audit log tells."""

import json
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from os import kill
from pathlib import Path
from typing import Any

from support.accounts import account_kubeconfig
from support.kubectl import Kubectl
from support.operator_process import OperatorProcess

LEASE = "election"
# Where a token is bound to a pod, the API server writes down which.
_POD = "authentication.kubernetes.io/pod-name"
_READING = frozenset({"get", "list", "watch"})
User = dict[str, Any]


class Replica:
    """One operator, and the name by which the audit log knows it."""

    def __init__(
        self, name: str, kubectl: Kubectl, namespace: str, folder: Path, flags: Sequence[str]
    ) -> None:
        self.name = name
        self._account = f"system:serviceaccount:{namespace}:{name}"
        kubectl("create", "serviceaccount", name, "--namespace", namespace)
        role = ("--clusterrole=cluster-admin", f"--serviceaccount={namespace}:{name}")
        kubectl("create", "rolebinding", name, *role, "--namespace", namespace)
        self.process = OperatorProcess(
            folder / f"{name}.log",
            "--leader-election",
            f"--lease-name={LEASE}",
            f"--lease-namespace={namespace}",
            f"--namespace={namespace}",
            *flags,
            kubeconfig=account_kubeconfig(kubectl, namespace, name, folder),
        )

    def requests(self, log: Path) -> list[str]:
        """Return what it asked the API server for, such as `get leases`, in the order of asking.

        A watch is there from its first answer on; once more when it has ended.
        """
        found = _events(log, self._account)
        asked = [one for one in found if one["user"]["username"] == self._account]
        asked.sort(key=lambda one: datetime.fromisoformat(one["requestReceivedTimestamp"]))
        return [_what(one) for one in asked]

    def leads(self) -> bool:
        """Tell whether it says that it leads."""
        return self.process.metric("salesforce_token_leader") == 1

    def freeze(self) -> None:
        """Stop the process as a paused machine does."""
        kill(self.process.pid, signal.SIGSTOP)

    def wake(self) -> int:
        """Let it go on until it ends; return its exit code."""
        kill(self.process.pid, signal.SIGCONT)
        return self.process._running().wait(10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write that the API server accepted."""

    replica: str
    what: str
    begun: datetime
    done: datetime

    @property
    def is_of_the_lease(self) -> bool:
        """Whether it took, renewed or released the Lease."""
        return self.what.endswith(" leases")


def writes(log: Path, namespace: str) -> list[Write]:
    """Return the writes of all replicas in the order in which they were done."""
    account = f"system:serviceaccount:{namespace}:"
    return _writes(log, account, lambda user: str(user["username"]).removeprefix(account))


def pod_writes(log: Path, namespace: str, account: str) -> list[Write]:
    """Return the writes of pods that share an account; a replica is the name of one."""
    username = f"system:serviceaccount:{namespace}:{account}"
    return _writes(log, username, lambda user: str(user["extra"][_POD][0]))


def _writes(log: Path, account: str, replica_of: Callable[[User], str]) -> list[Write]:
    found = [
        _write(event, replica_of(event["user"]))
        for event in _events(log, account)
        if event["verb"] not in _READING
        and "objectRef" in event
        and event["responseStatus"]["code"] < 300
    ]
    return sorted(found, key=lambda one: one.done)


def intruders(found: Sequence[Write]) -> list[Write]:
    """Return the writes during which another than their writer held the Lease."""
    leases = [one for one in found if one.is_of_the_lease]
    return [
        one
        for one in found
        if not one.is_of_the_lease
        and {lease.replica for lease in _during(leases, one)} != {one.replica}
    ]


def _during(leases: Sequence[Write], write: Write) -> Iterator[Write]:
    before = [one for one in leases if one.done <= write.begun]
    yield from before[-1:]
    yield from (one for one in leases if write.begun < one.done <= write.done)


def _write(event: dict[str, Any], replica: str) -> Write:
    return Write(
        replica=replica,
        what=_what(event),
        begun=datetime.fromisoformat(event["requestReceivedTimestamp"]),
        done=datetime.fromisoformat(event["stageTimestamp"]),
    )


def _what(event: dict[str, Any]) -> str:
    about = event.get("objectRef") or {"resource": event["requestURI"]}
    resource = "/".join(filter(None, (about["resource"], about.get("subresource", ""))))
    return f"{event['verb']} {resource}"


def _events(log: Path, account: str) -> Iterator[dict[str, Any]]:
    with log.open() as lines:
        for line in lines:
            if account in line and line.endswith("\n"):
                event: dict[str, Any] = json.loads(line)
                if event["user"]["username"].startswith(account):
                    yield event
