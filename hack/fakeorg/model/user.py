"""A user of an org, and the Experience Cloud site one may belong to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Site:
    """An Experience Cloud site, such as https://acme.my.site.com/customers."""

    host: str
    path: str  # without slashes; empty for a site at the root
    site_id: str

    @property
    def url(self) -> str:
        """The address of the site, without a slash at its end."""
        return f"https://{self.host}/{self.path}".rstrip("/")


@dataclass(slots=True)
class User:
    """A user; the flags may be set at any time."""

    username: str
    user_id: str
    active: bool = True
    frozen: bool = False
    login_hours_forbid: bool = False
    site: Site | None = None

    @property
    def may_act(self) -> bool:
        """Whether logins and sessions of this user are accepted."""
        return self.active and not self.frozen
