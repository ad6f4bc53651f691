"""The fake Salesforce for tests and demos: a server in a thread of its own."""

import asyncio
import tempfile
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from fakeorg.model.clock import Clock
from fakeorg.model.directory import Directory
from fakeorg.model.faults import UNAVAILABLE, Fault
from fakeorg.model.history import LoginRow
from fakeorg.model.org import Kind, Org
from fakeorg.model.settings import OrgSettings
from fakeorg.server.admin import AdminServer
from fakeorg.server.ca import CertificateAuthority
from fakeorg.server.https import HttpsServer
from fakeorg.server.proxy import ConnectProxy
from fakeorg.server.tls import VirtualHosts

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The loopback ports to listen on; 0 means any that is free."""

    https: int = 0
    proxy: int = 0
    admin: int = 0


class FakeSalesforce:
    """A running fake Salesforce; use it as a context manager, from any thread."""

    def __init__(self, *, ports: Ports | None = None, ca_file: Path | None = None) -> None:
        self._ports = ports or Ports()
        self._folder = tempfile.TemporaryDirectory(prefix="fakeorg-")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="fakeorg", daemon=True)
        self.clock = Clock()
        self.directory = Directory(self.clock)
        self.ca_file = ca_file or Path(self._folder.name) / "ca.pem"
        self.authority = CertificateAuthority()
        self.ca_file.write_text(self.authority.certificate)
        hosts = VirtualHosts(self.authority, Path(self._folder.name))
        self._https = HttpsServer(self.directory, hosts.default)
        self.proxy = ConnectProxy(self.directory)
        self._admin = AdminServer(self.directory, self.proxy, self._open)
        self.port = self.proxy_port = self.admin_port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._call(self._start())
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear_faults()
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._folder.cleanup()

    # Addresses.

    @property
    def login_url(self) -> str:
        """The loopback address that acts as https://login.salesforce.com."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def proxy_url(self) -> str:
        """The value for HTTPS_PROXY."""
        return f"http://127.0.0.1:{self.proxy_port}"

    @property
    def admin_url(self) -> str:
        """The address of the admin API."""
        return f"http://127.0.0.1:{self.admin_port}"

    # Orgs.

    def add_org(
        self,
        name: str = "acme",
        *,
        kind: Kind = "production",
        settings: OrgSettings | None = None,
        port: int = 0,
    ) -> Org:
        """Create an org with My Domain <name>.my.salesforce.com and a loopback port of its own."""
        org = Org(name, kind, self.clock, self.directory.lock)
        org.settings = settings or OrgSettings()
        self._call(self._open(org, port))
        return org

    @property
    def orgs(self) -> list[Org]:
        """All orgs."""
        return self.directory.all_orgs()

    @property
    def logins(self) -> list[LoginRow]:
        """The Login History of all orgs, and the logins that no org could be found for."""
        rows = [row for org in self.orgs for row in org.logins] + self.directory.strays.rows
        return sorted(rows, key=lambda row: row.time)

    # Faults.

    def fail(
        self,
        endpoint: str | None,
        fault: Fault,
        times: int | None = 1,
        *,
        host: str | None = None,
    ) -> None:
        """Let the next calls of an endpoint (None: of any) go wrong, at one host or everywhere."""
        with self.directory.lock:
            board = self.directory.host_faults[host.lower()] if host else self.directory.faults
            board.fail(endpoint, fault, times)

    def outage(self, on: bool = True, fault: Fault = UNAVAILABLE) -> None:
        """Let everything answer 503 (or another fault), or end that."""
        with self.directory.lock:
            self.directory.faults.outage(fault if on else None)

    def clear_faults(self) -> None:
        """End all faults and outages of all orgs and hosts, and release what hangs."""
        with self.directory.lock:
            for board in (self.directory.faults, *self.directory.host_faults.values()):
                board.clear()
            for org in self.directory.all_orgs():
                org.clear_faults()

    def proxy_down(self, down: bool = True) -> None:
        """Let the proxy drop all connections, or take them again."""
        self._call(self.proxy.set_down(down))

    # The thread.

    async def _start(self) -> None:
        await self._https.start()
        self.port = await self._https.listen(self._ports.https)
        self.directory.main_port = self.port
        self.proxy_port = await self.proxy.start(self._ports.proxy)
        self.admin_port = await self._admin.start(self._ports.admin)

    async def _open(self, org: Org, port: int = 0) -> None:
        self.directory.add(org)
        org.port = await self._https.listen(port)

    async def _stop(self) -> None:
        await self.proxy.stop()
        await self._admin.stop()
        await self._https.stop()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(_cancel_all())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


async def _cancel_all() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
