"""The operator's parts, put together over a fake API server and a fake Salesforce.

Nothing runs by itself: a test tells the intake what a watch would tell, and runs the passes.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from fakeorg import FakeSalesforce, Readymade, faults
from support.clock import SettableClock
from support.fake_api import CONNECTIONS, SECRETS, FakeApi, Resource, configuration_for, merge
from token_operator.domain.connection import ConnectionKey
from token_operator.reconcile.record import Record
from token_operator.runtime.composition import Foundation, Operator, compose
from token_operator.salesforce.hosts import host_of
from token_operator.salesforce.transport import make_http_client
from token_operator.settings import Settings
from token_operator.telemetry.metrics import Metrics

NAMESPACE: Final = "shop"
WATCHED: Final = {"salesforce-token.dev/watch": "true"}
RENEW: Final = "salesforce-token.dev/renew-requested-at"


@dataclass
class Parts:
    """The operator, what it stands between, and the clock."""

    server: FakeApi
    fake: FakeSalesforce
    ready: Readymade
    clock: SettableClock
    operator: Operator
    told: dict[str, str] = field(default_factory=dict)

    # --- Arranging ---

    def give_key(self, name: str = "crm-key", *, pem: str = "", labelled: bool = True) -> None:
        """Store a private key, the one of the app unless another is given."""
        self.give_secret(name, {"tls.key": pem or self.ready.keys.private_key}, labelled=labelled)

    def give_secret(
        self, name: str, entries: Mapping[str, str | bytes], *, labelled: bool = True
    ) -> Resource:
        """Store a Secret."""
        metadata: dict[str, Any] = {"labels": dict(WATCHED)} if labelled else {}
        return self.server.put(secret_path(name), {"metadata": metadata, "data": encoded(entries)})

    def connect(self, name: str = "crm", *, spec: Mapping[str, Any] | None = None) -> None:
        """Create a connection, with a merge patch of its spec."""
        plain = {
            "org": {"loginURL": self.ready.org.login_url},
            "auth": {
                "consumerKey": self.ready.app.consumer_key,
                "jwtBearer": {
                    "username": self.ready.user.username,
                    "keys": [{"secretName": "crm-key"}],
                },
            },
            "targets": [{"secretName": f"{name}-token"}],
        }
        self.server.put(
            connection_path(name),
            {"metadata": {"generation": 1}, "spec": merge(plain, spec or {})},
        )

    def change(self, patch: Mapping[str, Any], name: str = "crm") -> None:
        """Merge a change into a connection; a change of the spec is a new generation."""
        stored = self.server.objects[connection_path(name)]
        merged = merge(stored, patch)
        if "spec" in patch:
            merged["metadata"]["generation"] += 1
        merged["metadata"]["resourceVersion"] = self.server.next_version()
        self.server.objects[connection_path(name)] = merged

    def ask_to_renew(self, value: str, name: str = "crm") -> None:
        """Set the annotation that asks for a renewal."""
        self.change({"metadata": {"annotations": {RENEW: value}}}, name)

    def change_secret(self, name: str, patch: Mapping[str, Any]) -> None:
        """Merge a change into a Secret."""
        stored = merge(self.server.objects[secret_path(name)], patch)
        stored["metadata"]["resourceVersion"] = self.server.next_version()
        self.server.objects[secret_path(name)] = stored

    def advance(self, **by: float) -> None:
        """Let time pass, here and at Salesforce."""
        step = timedelta(**by)
        self.clock.advance(step)
        self.fake.clock.advance(step)

    # --- Running ---

    def watch(self) -> None:
        """Tell the intake what watches would tell since the last time: Secrets, connections."""
        intake = self.operator.intake
        for path in sorted(set(self.told) - set(self.server.objects)):
            gone = {"metadata": {"namespace": NAMESPACE, "name": path.split("/")[-1]}}
            if "/secrets/" in path:
                intake.secret_gone(gone)
            else:
                gone["metadata"]["uid"] = self.told[path].split()[0]
                intake.connection_gone(gone)
            del self.told[path]
        for path, one in sorted(self.server.objects.items()):
            self._tell(path, one)

    def _tell(self, path: str, one: Resource) -> None:
        metadata = one["metadata"]
        version = f"{metadata['uid']} {metadata['resourceVersion']}"
        is_labelled = WATCHED.items() <= (metadata.get("labels") or {}).items()
        if self.told.get(path) == version or "/events/" in path:
            return
        if "/salesforceconnections/" in path:
            self.told[path] = version
            self.operator.intake.connection_seen(one)
        elif is_labelled:
            self.told[path] = version
            self.operator.intake.secret_seen({"metadata": metadata})
        elif self.told.pop(path, None):
            self.operator.intake.secret_gone(one)

    async def run_passes(self) -> int:
        """Run the passes that are asked for now, and return how many."""
        queue, count = self.operator.queue, 0
        queue.release_due(self.clock.monotonic())
        while queue.depth:
            key = await queue.take()
            await self.operator.passes.run(key)
            queue.done(key)
            count += 1
            assert count < 100, "The passes do not come to an end."
        return count

    async def settle(self) -> None:
        """Watch and run passes until nothing changes any more."""
        for _ in range(10):
            self.watch()
            if not await self.run_passes():
                return
        raise AssertionError("The operator does not come to rest.")

    @asynccontextmanager
    async def during_a_login(self) -> AsyncIterator[None]:
        """Run the passes that wait, and stand still while the first login is under way."""
        hang, before = faults.Hang(seconds=5, after_the_work=True), self.logins()
        self.ready.org.fail("token", hang)
        passes = asyncio.create_task(self.run_passes())
        async with asyncio.timeout(4):
            while self.logins() == before:  # noqa: ASYNC110 - Salesforce is in another thread
                await asyncio.sleep(0.001)
        yield
        hang.release()
        await passes

    # --- Looking ---

    def record(self, name: str = "crm") -> Record:
        """Return what is remembered of a connection."""
        found = self.operator.records.get(key_of(name))
        assert found is not None
        return found

    def due_in(self, name: str = "crm") -> float | None:
        """Return the seconds until the next pass of a connection."""
        due = self.operator.queue.due_of(key_of(name))
        return None if due is None else due - self.clock.monotonic()

    def status(self, name: str = "crm") -> dict[str, Any]:
        """Return the status of a connection."""
        status: dict[str, Any] = self.server.objects[connection_path(name)].get("status", {})
        return status

    def condition(self, kind: str = "Ready", name: str = "crm") -> str:
        """Return one condition as ``status reason``."""
        found = [one for one in self.status(name).get("conditions", ()) if one["type"] == kind]
        return f"{found[0]['status']} {found[0]['reason']}" if found else ""

    def message(self, kind: str = "Ready", name: str = "crm") -> str:
        """Return the message of one condition."""
        found = [one for one in self.status(name)["conditions"] if one["type"] == kind]
        return str(found[0]["message"])

    def secret(self, name: str = "crm-token") -> Resource | None:
        """Return a Secret."""
        return self.server.objects.get(secret_path(name))

    def entries(self, name: str = "crm-token") -> dict[str, str]:
        """Return the entries of a Secret as text."""
        data = (self.secret(name) or {}).get("data") or {}
        return {entry: base64.b64decode(value).decode() for entry, value in data.items()}

    def token(self, name: str = "crm-token") -> str:
        """Return the access token in a target, empty if there is none."""
        return self.entries(name).get("access_token", "")

    def logins(self) -> int:
        """Return how many logins the org has seen."""
        return self.ready.org.calls["token"]


def key_of(name: str = "crm") -> ConnectionKey:
    """Return the key of a connection of the namespace."""
    return ConnectionKey(NAMESPACE, name)


def connection_path(name: str = "crm") -> str:
    """Return the path of a connection."""
    return f"{CONNECTIONS.format(NAMESPACE)}/{name}"


def secret_path(name: str) -> str:
    """Return the path of a Secret."""
    return f"{SECRETS.format(NAMESPACE)}/{name}"


def encoded(entries: Mapping[str, str | bytes]) -> dict[str, str]:
    """Return entries as the API writes them."""
    return {
        name: base64.b64encode(value.encode() if isinstance(value, str) else value).decode()
        for name, value in entries.items()
    }


@asynccontextmanager
async def operator_between(
    server: FakeApi, fake: FakeSalesforce, ready: Readymade, clock: SettableClock
) -> AsyncIterator[Operator]:
    """Compose an operator as the process does, without starting anything."""
    settings = Settings(allowed_hosts=(host_of(ready.org.login_url),))
    operator = compose(
        settings,
        Foundation(
            configuration=configuration_for(server),
            http=make_http_client(fake.ca_file, "salesforce-token-operator/1.2.3"),
            clock=clock,
            metrics=Metrics("1.2.3"),
            user_agent="salesforce-token-operator/1.2.3",
        ),
    )
    try:
        yield operator
    finally:
        await operator.close()


@asynccontextmanager
async def restarted(parts: Parts) -> AsyncIterator[Parts]:
    """Start another operator upon what the first has left."""
    parts.server.requests.clear()
    async with operator_between(parts.server, parts.fake, parts.ready, parts.clock) as operator:
        yield Parts(parts.server, parts.fake, parts.ready, parts.clock, operator)
