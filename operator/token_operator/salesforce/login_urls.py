"""What to give in place of a login URL that cannot be right: people copy it from a browser.

Salesforce Help: domain_name_url_formats (the hosts of an org), remoteaccess_oauth_endpoints.
"""

import re
from dataclasses import dataclass
from typing import Final

_NAME: Final = "[a-z0-9][a-z0-9-]{0,62}"
_ORG: Final = (
    rf"(?P<org>{_NAME}(?:\.(?:sandbox|develop|scratch|trailblaze|demo|patch|free|stage))?)"
)
_URL: Final = re.compile(
    r"https://(?P<host>[a-z0-9][a-z0-9.-]{0,253})(?P<port>:[0-9]{1,5})?(?P<path>/.*)?",
    re.IGNORECASE | re.DOTALL,
)
_VISUALFORCE: Final = re.compile(
    rf"(?P<org>[a-z0-9-]{{1,40}})--[a-z0-9_]{{1,20}}(?P<partition>\.{_NAME})?"
    r"\.(?:vf\.force|visualforce)\.com"
)
# Hosts of an org that serve pages, and what they serve.
_PAGES: Final = (
    (re.compile(rf"{_ORG}\.lightning\.force\.com"), "Lightning pages"),
    (re.compile(rf"{_ORG}(?:\.my)?\.salesforce-setup\.com"), "Setup pages"),
    (re.compile(rf"{_ORG}\.builder\.salesforce-experience\.com"), "the site builder"),
)
# Instances of orgs without a My Domain; sandboxes lived on cs1 to cs999.
OLD_INSTANCE: Final = re.compile(r"(?P<kind>[a-z]{2,4})[0-9]{1,4}s?\.salesforce\.com")
_LOGIN_HOST: Final = re.compile(
    rf"(?:login|test)\.salesforce\.com|{_ORG}\.my\.salesforce\.(?:com|mil)"
)


@dataclass(frozen=True, slots=True)
class BetterLoginURL:
    """What is wrong with a login URL, to follow the name of its host, and the one to use."""

    problem: str
    url: str
    is_another_host: bool = True


def better_login_url(url: str) -> BetterLoginURL | None:
    """Return what to use in place of *url*; None where that cannot be derived from it."""
    found = _URL.fullmatch(url.strip())
    if found is None:
        return None
    host = found["host"].lower().rstrip(".")
    for pattern, pages in _PAGES:
        page = pattern.fullmatch(host)
        if page is not None:
            return BetterLoginURL(f"serves {pages} and no tokens", _my_domain(page["org"]))
    visualforce = _VISUALFORCE.fullmatch(host)
    if visualforce is not None:
        org = f"{visualforce['org']}{visualforce['partition'] or ''}"
        return BetterLoginURL("serves Visualforce pages and no tokens", _my_domain(org))
    old = OLD_INSTANCE.fullmatch(host)
    if old is not None:
        kind = "test" if old["kind"] == "cs" else "login"
        return BetterLoginURL(
            "is an instance, where no tokens are requested", f"https://{kind}.salesforce.com"
        )
    if _LOGIN_HOST.fullmatch(host) is None:
        return None
    extra = _extra(found, host)
    return (
        BetterLoginURL(f"must stand alone, without {extra}", f"https://{host}", False)
        if extra
        else None
    )


def _my_domain(org: str) -> str:
    return f"https://{org}.my.salesforce.com"


def _extra(found: re.Match[str], host: str) -> str:
    if found["port"]:
        return "a port"
    if (found["path"] or "").strip("/"):
        return "a path"
    return "a dot at the end" if found["host"].lower() != host else ""
