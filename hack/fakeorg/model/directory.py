"""All orgs of the fake Salesforce, and which of them a host name or port belongs to."""

import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import Final, Literal

from fakeorg.model.clock import Clock
from fakeorg.model.faults import FaultBoard
from fakeorg.model.history import History
from fakeorg.model.org import LOGIN_HOSTS, Kind, Org
from fakeorg.model.user import Site

LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True, slots=True)
class Place:
    """What a request was sent to."""

    kind: Literal["login host", "my domain", "site"]
    base: str  # https://host[:port]
    org: Org | None = None  # None at a login host, which serves all orgs of its kind
    org_kind: Kind = "production"
    by_port: bool = False


class Directory:
    """All orgs; the lock guards everything in them."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.orgs: dict[str, Org] = {}
        self.main_port: int | None = None  # acts as login.salesforce.com
        self.faults = FaultBoard()  # for everybody
        self.host_faults: defaultdict[str, FaultBoard] = defaultdict(FaultBoard)
        self.strays = History()  # logins that no org could be found for

    def add(self, org: Org) -> None:
        """Add an org."""
        with self.lock:
            if org.name in self.orgs:
                message = f"there is an org named {org.name}"
                raise ValueError(message)
            self.orgs[org.name] = org

    def all_orgs(self) -> list[Org]:
        """Return a copy of the list of orgs."""
        with self.lock:
            return list(self.orgs.values())

    def at_login_host(self, kind: Kind) -> list[Org]:
        """Return the orgs that the generic login host of this kind serves."""
        return [o for o in self.all_orgs() if o.kind == kind and o.settings.generic_login]

    def knows(self, host: str) -> bool:
        """Return whether a host name (no port) is one of ours."""
        return host in LOGIN_HOSTS.values() or any(
            host == org.my_domain or any(host == site.host for site in org.sites)
            for org in self.all_orgs()
        )

    def ports(self) -> set[int]:
        """Return the TLS ports we listen on."""
        mine = {org.port for org in self.all_orgs()} | {self.main_port}
        return {port for port in mine if port is not None}

    def locate(self, host: str, port: int) -> Place | None:
        """Return what a Host header and a local port mean."""
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        return self._by_name(name.lower(), host.lower()) or self._by_port(host, port)

    def _by_name(self, name: str, host: str) -> Place | None:
        base = f"https://{host.removesuffix(':443')}"
        for kind, login_host in LOGIN_HOSTS.items():
            if name == login_host:
                return Place("login host", base, org_kind=kind)
        for org in self.all_orgs():
            if name == org.my_domain:
                return Place("my domain", base, org, org.kind)
            if any(name == site.host for site in org.sites):
                return Place("site", base, org, org.kind)
        return None

    def _by_port(self, host: str, port: int) -> Place | None:
        for org in self.all_orgs():
            if port == org.port:
                return Place("my domain", f"https://{host}", org, org.kind, by_port=True)
        if port == self.main_port and host.rsplit(":", 1)[0] in LOOPBACK_NAMES:
            return Place("login host", f"https://{host}", by_port=True)
        return None


def site_at(org: Org, host: str, path: str) -> Site | None:
    """Return the site of an org that serves a path, the longest prefix first."""
    name = host.rsplit(":", 1)[0].lower()
    for site in sorted(org.sites, key=lambda site: -len(site.path)):
        prefix = f"/{site.path}/" if site.path else "/"
        if site.host == name and path.startswith(prefix):
            return site
    return None
