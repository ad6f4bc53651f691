"""A connected app or external client app of an org."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal, TypedDict, Unpack

from fakeorg.model.clock import Clock
from fakeorg.model.propagation import Propagated
from fakeorg.model.settings import OrgSettings

Policy = Literal["admin-approved", "self-authorize"]

# Salesforce's own success page, and where the sf CLI listens.
CALLBACK_URLS: Final = (
    "https://login.salesforce.com/services/oauth2/success",
    "http://localhost:1717/OauthRedirect",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppState:
    """All settings of an app at one instant."""

    consumer_key: str
    name: str = "integration"
    consumer_secret: str | None = field(default=None, repr=False)
    certificates: tuple[str, ...] = field(default=(), repr=False)  # PEM
    scopes: tuple[str, ...] = ("api", "id", "refresh_token")
    policy: Policy = "admin-approved"
    assigned: frozenset[str] = frozenset()  # usernames pre-authorized by an admin
    approved: frozenset[str] = frozenset()  # usernames that approved the app in a browser
    installed: bool = True
    jwt_enabled: bool = True
    ip_ranges: tuple[str, ...] = ()  # CIDR; none means any address
    session_timeout: timedelta | None = None  # stronger than the org's
    jwt_format: bool = False  # issue JWT-format access tokens, of fixed lifetime
    jwt_lifetime: timedelta = timedelta(minutes=30)
    run_as: str | None = None  # username that the client credentials grant logs in
    client_credentials_enabled: bool = False
    refresh_token_rotation: bool = False
    require_secret_for_refresh: bool = True
    require_secret_for_code: bool = True
    pkce_required: bool = False
    callback_urls: tuple[str, ...] = CALLBACK_URLS
    blocked: bool = False  # by an admin, for the whole org
    dpop_required: bool = False  # a login without a DPoP proof is refused


class AppFields(TypedDict, total=False):
    """The settings of an app that can be given and changed by name."""

    name: str
    consumer_key: str
    consumer_secret: str | None
    certificates: tuple[str, ...]
    scopes: tuple[str, ...]
    policy: Policy
    assigned: Iterable[str]
    approved: Iterable[str]
    installed: bool
    jwt_enabled: bool
    ip_ranges: tuple[str, ...]
    session_timeout: timedelta | None
    jwt_format: bool
    jwt_lifetime: timedelta
    run_as: str | None
    client_credentials_enabled: bool
    refresh_token_rotation: bool
    require_secret_for_refresh: bool
    require_secret_for_code: bool
    pkce_required: bool
    callback_urls: tuple[str, ...]
    blocked: bool
    dpop_required: bool


class App:
    """An app whose changes propagate with the delay that the org's settings ask for."""

    def __init__(self, state: AppState, settings: OrgSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._state: Propagated[AppState | None] = Propagated(None)
        self._latest = state
        self._set(state)

    @property
    def latest(self) -> AppState:
        """The settings as the admin last saved them."""
        return self._latest

    @property
    def consumer_key(self) -> str:
        """The consumer key."""
        return self._latest.consumer_key

    def seen(self, now: datetime) -> AppState | None:
        """Return the settings as a login sees them; None while the app is too new.

        Approvals are seen at once: they are the user's doing, not a change of the app.
        """
        state = self._state.seen(now)
        return replace(state, approved=self._latest.approved) if state else None

    def change(self, **fields: Unpack[AppFields]) -> None:
        """Change some settings; the others stay."""
        for name in ("assigned", "approved"):
            if name in fields:
                fields[name] = frozenset(fields[name])
        self._set(replace(self._latest, **fields))  # type: ignore[arg-type]

    def assign(self, username: str) -> None:
        """Pre-authorize a user, as an admin does through a permission set."""
        self.change(assigned=self._latest.assigned | {username})

    def unassign(self, username: str) -> None:
        """Take the pre-authorization of a user away."""
        self.change(assigned=self._latest.assigned - {username})

    def approve(self, username: str) -> None:
        """Record that a user approved the app in a browser; it acts at once."""
        self._latest = replace(self._latest, approved=self._latest.approved | {username})

    def replace_certificate(self, certificate: str) -> None:
        """Replace all certificates by one (PEM)."""
        self.change(certificates=(certificate,))

    def _set(self, state: AppState) -> None:
        self._latest = state
        self._state.change(
            state,
            now=self._clock.now(),
            delay=self._settings.propagation_delay,
            flapping=self._settings.flapping,
        )
