"""One Salesforce org: its hosts, apps, users, sessions and history."""

import secrets
import threading
from collections import Counter
from typing import Literal, Unpack

from fakeorg.model.allocation import Allocation
from fakeorg.model.app import App, AppFields, AppState
from fakeorg.model.approvals import Approval, Approvals
from fakeorg.model.authorization_code import AuthorizationCode
from fakeorg.model.clock import Clock
from fakeorg.model.faults import UNAVAILABLE, Fault, FaultBoard
from fakeorg.model.history import History, LoginRate, LoginRow
from fakeorg.model.ids import consumer_key_of, id_of
from fakeorg.model.session import Session, SessionKey, Sessions
from fakeorg.model.settings import OrgSettings
from fakeorg.model.user import Site, User

Kind = Literal["production", "sandbox"]
LOGIN_HOSTS: dict[Kind, str] = {
    "production": "login.salesforce.com",
    "sandbox": "test.salesforce.com",
}


class Org:
    """One org; every method may be called from any thread."""

    def __init__(self, name: str, kind: Kind, clock: Clock, lock: threading.RLock) -> None:
        suffix = ".sandbox.my.salesforce.com" if kind == "sandbox" else ".my.salesforce.com"
        self.name = name
        self.kind = kind
        self.clock = clock
        self.lock = lock
        self.my_domain = name + suffix
        self.org_id = id_of("00D", name)
        self.settings = OrgSettings()
        self.port: int | None = None  # on which the org answers as 127.0.0.1, once opened
        self.apps: dict[str, App] = {}
        self.users: dict[str, User] = {}
        self.sites: list[Site] = []
        self.sessions = Sessions()
        self.approvals = Approvals()
        self.codes: dict[str, AuthorizationCode] = {}
        self.in_processing: dict[str, object] = {}  # refresh tokens, each with its call
        self.history = History()
        self.rate = LoginRate()
        self.allocation = Allocation()
        self.calls: Counter[str] = Counter()  # by endpoint, failed ones too
        self.faults = FaultBoard()

    # Addresses.

    @property
    def my_domain_url(self) -> str:
        """The My Domain URL; reachable through the proxy."""
        return f"https://{self.my_domain}"

    @property
    def login_host_url(self) -> str:
        """https://login.salesforce.com or https://test.salesforce.com."""
        return f"https://{LOGIN_HOSTS[self.kind]}"

    @property
    def login_url(self) -> str:
        """The loopback address by which the org is reached without a proxy."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def audiences(self) -> frozenset[str]:
        """Every `aud` that the org accepts."""
        by_port = (f"https://{name}:{self.port}" for name in ("127.0.0.1", "localhost"))
        sites = (site.url for site in self.sites)
        own = (self.login_host_url, self.my_domain_url)
        return frozenset((*own, *by_port, *sites, *self.settings.audiences))

    # What an admin does.

    def add_app(self, **fields: Unpack[AppFields]) -> App:
        """Create an app; a consumer key is made up unless one is given."""
        key = fields.get("consumer_key") or consumer_key_of(self.name, str(len(self.apps)))
        app = App(AppState(consumer_key=key), self.settings, self.clock)
        app.change(**fields | {"consumer_key": key})
        with self.lock:
            self.apps[key] = app
        return app

    def add_user(self, username: str, *, site: Site | None = None) -> User:
        """Create an active user."""
        user = User(username, id_of("005", self.name, username), site=site)
        with self.lock:
            self.users[username] = user
        return user

    def add_site(self, path: str = "", host: str | None = None) -> Site:
        """Publish an Experience Cloud site, at <org>.my.site.com unless a host is given."""
        default_host = self.my_domain.replace(".my.salesforce.com", ".my.site.com")
        site = Site(host or default_host, path.strip("/"), id_of("0DB", self.name, path))
        with self.lock:
            self.sites.append(site)
        return site

    def remove_app(self, app: App) -> None:
        """Delete an app and end its tokens."""
        with self.lock:
            self.apps.pop(app.consumer_key, None)
            self._end_tokens_of(app)

    def rotate_secret(self, app: App, secret: str | None = None) -> str:
        """Apply a new consumer secret and return it; all tokens of the app end."""
        applied = secret or secrets.token_hex(32).upper()
        with self.lock:
            app.change(consumer_secret=applied)
            self._end_tokens_of(app)
        return applied

    def approve(self, user: User, app: App) -> str:
        """Record the approval that a user gives in a browser, and return its refresh token."""
        with self.lock:
            app.approve(user.username)
            key = SessionKey(user.username, app.consumer_key, app.latest.scopes)
            return self.add_approval(key).refresh_token

    def add_approval(self, key: SessionKey) -> Approval:
        """Add an approval; the oldest of the same user and app end if they are too many."""
        approval = self.approvals.add(key, self.clock.now())
        for one in self.approvals.surplus(approval):
            self.end_approval(one)
        return approval

    def end_approval(self, approval: Approval) -> None:
        """End an approval: its refresh token and its access tokens."""
        approval.ended = True
        self.sessions.kill_approved_by(approval.approval_id)

    def revoke_refresh_tokens(self, username: str | None = None) -> int:
        """End all approvals (of one user), as an admin does, and return how many that were."""
        with self.lock:
            doomed = [a for a in self.approvals.live if username in (None, a.username)]
            for approval in doomed:
                self.end_approval(approval)
        return len(doomed)

    def kill_sessions(self, username: str | None = None) -> int:
        """End all sessions (of one user), as an admin does, and return how many that were."""
        with self.lock:
            return self.sessions.kill(username=username)

    def contain(self, user: User) -> None:
        """Freeze a user and end the refresh tokens, as after traffic from a high-risk address."""
        with self.lock:
            user.frozen = True
            self.revoke_refresh_tokens(user.username)
            self.kill_sessions(user.username)

    def refresh(self) -> None:
        """Copy production into this sandbox again: another org id, and no session is left."""
        with self.lock:
            self.org_id = id_of("00D", f"{self.name} since {self.clock.now()}")
            self.kill_sessions()

    # What tests and demos do.

    @property
    def logins(self) -> list[LoginRow]:
        """A copy of the Login History, oldest first."""
        return self.history.rows

    @property
    def successful_logins(self) -> int:
        """How many logins gave a token."""
        return sum(row.succeeded for row in self.history.rows)

    @property
    def live_sessions(self) -> list[Session]:
        """The sessions whose token works now."""
        with self.lock:
            return [one for one in self.sessions.live(self.clock.now()) if self._may_act(one)]

    @property
    def refresh_tokens(self) -> list[Approval]:
        """The approvals whose refresh token works now, oldest first."""
        with self.lock:
            return self.approvals.live

    def session_of(self, token: str) -> Session | None:
        """Return the live session of an access token."""
        with self.lock:
            session = self.sessions.find(token, self.clock.now())
            return session if session and self._may_act(session) else None

    def is_live(self, token: str) -> bool:
        """Return whether an access token works now."""
        return self.session_of(token) is not None

    def fail(self, endpoint: str | None, fault: Fault, times: int | None = 1) -> None:
        """Let the next calls of an endpoint go wrong (see `FaultBoard.fail`)."""
        with self.lock:
            self.faults.fail(endpoint, fault, times)

    def outage(self, on: bool = True, fault: Fault = UNAVAILABLE) -> None:
        """Let everything of this org answer 503 (or another fault), or end that."""
        with self.lock:
            self.faults.outage(fault if on else None)

    def clear_faults(self) -> None:
        """End the outage and all faults, and release what hangs."""
        with self.lock:
            self.faults.clear()

    def _end_tokens_of(self, app: App) -> None:
        self.sessions.kill(consumer_key=app.consumer_key)
        for approval in self.approvals.live:
            if approval.consumer_key == app.consumer_key:
                self.end_approval(approval)

    def _may_act(self, session: Session) -> bool:
        user = self.users.get(session.username)
        return user is not None and user.may_act and not self.settings.locked
