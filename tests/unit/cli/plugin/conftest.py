"""A fake org, and a connection to it with Secrets in memory."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from fakeorg import FakeSalesforce, Readymade, readymade_org
from support.crd_samples import Changes, changed
from token_operator.cli.plugin.check.command import STEPS
from token_operator.cli.plugin.check.examination import Checkup, Examination, StepResult
from token_operator.clock import SystemClock
from token_operator.cluster.resources import connection_from
from token_operator.domain.connection import Connection
from token_operator.domain.targets.secret import Secret, SecretMeta
from token_operator.salesforce.hosts import AllowedHosts
from token_operator.salesforce.transport import Transport, make_http_client

Entries = Mapping[str, str]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="session")
def fake() -> Iterator[FakeSalesforce]:
    with FakeSalesforce() as running:
        yield running


@pytest.fixture
def ready(fake: FakeSalesforce) -> Readymade:
    return readymade_org(fake, f"acme{len(fake.orgs)}")


@dataclass
class Cluster:
    """Secrets in memory, in the place of an API server."""

    secrets: dict[str, Secret] = field(default_factory=dict)

    def put(self, name: str, entries: Entries, **meta: Any) -> None:
        self.secrets[name] = Secret(
            meta=SecretMeta(name=name, uid="u", resource_version="1", **meta),
            entries={entry: value.encode() for entry, value in entries.items()},
        )

    def change(self, name: str, **changes: Any) -> None:
        self.secrets[name] = replace(self.secrets[name], **changes)

    async def secret(self, name: str) -> Secret | None:
        return self.secrets.get(name)


@dataclass
class Checking:
    """Everything that a check looks at; *changes* are made to the connection."""

    fake: FakeSalesforce
    ready: Readymade
    cluster: Cluster = field(default_factory=Cluster)
    changes: dict[str, object] = field(default_factory=dict)
    last_audience: str = ""
    allowed: bool = True
    reported_by_operator: str = ""
    others: tuple[Connection, ...] = ()

    async def told(self) -> list[StepResult]:
        """Run the check and return what it tells."""
        told: list[StepResult] = []
        async with self._checkup() as checkup:
            await Examination(told.append).run(STEPS, checkup)
        return told

    @asynccontextmanager
    async def _checkup(self) -> AsyncIterator[Checkup]:
        clock = SystemClock()
        hosts = [f"127.0.0.1:{self.ready.org.port}"] if self.allowed else []
        async with make_http_client(self.fake.ca_file, "test/1") as http:
            yield Checkup(
                connection=connection_from(self.connection()),
                secrets=self.cluster,
                transport=Transport(http, clock),
                hosts=AllowedHosts(hosts),
                clock=clock,
                last_audience=self.last_audience,
                reported_by_operator=self.reported_by_operator,
                others=self.others,
            )

    def connection(self) -> dict[str, Any]:
        """Return the connection as the API server would."""
        return changed(a_connection(self.ready), self.changes)


def a_connection(ready: Readymade, changes: Changes | None = None) -> dict[str, Any]:
    """Return a connection to the org that is ready-made."""
    resource = {
        "metadata": {"name": "crm", "namespace": "shop", "uid": "u-1", "generation": 1},
        "spec": {
            "org": {"loginURL": ready.org.login_url},
            "auth": {
                "consumerKey": ready.app.consumer_key,
                "jwtBearer": {
                    "username": ready.user.username,
                    "keys": [{"secretName": "crm-key"}],
                },
            },
            "token": {},
            "targets": [{"secretName": "crm-token"}],
        },
    }
    return changed(resource, changes or {})


@pytest.fixture
def checking(fake: FakeSalesforce, ready: Readymade) -> Checking:
    made = Checking(fake, ready)
    made.cluster.put("crm-key", {"tls.key": ready.keys.private_key})
    return made
