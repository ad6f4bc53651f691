"""Which hosts a token may be asked from, and used at.

The list is anchored, and flat so that matching takes linear time whatever a
hostile answer holds. An admin adds hosts with --allowed-host.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from token_operator.domain.failures import HostNotAllowedError
from token_operator.salesforce.login_urls import OLD_INSTANCE, better_login_url

_HTTPS_PORT: Final = 443
_LONGEST_HOST: Final = 255
_NAME: Final = "[a-z0-9][a-z0-9-]{0,62}"

# Salesforce Help: remoteaccess_oauth_endpoints; MyDomainSettings metadata (partitions).
_SITE: Final = re.compile(rf"{_NAME}(\.(sandbox|develop|scratch|trailblaze))?\.my\.site\.com")
_LOGIN: Final = re.compile(
    r"(login|test)\.salesforce\.com"
    rf"|{_NAME}(\.(sandbox|develop|scratch|trailblaze|demo|patch|free|stage|[a-z]{{2,3}}[0-9]{{1,4}}))?"
    r"\.my\.salesforce\.com"
    rf"|{_NAME}(\.sandbox)?\.my\.salesforce\.mil"
    rf"|(login|test|{_NAME}(\.sandbox)?\.my)\.sfcrmproducts\.cn"
)

# Where tokens in the format of a JWT are used; no login hosts.
_API_GATEWAYS: Final = frozenset({"api.salesforce.com", "api.gov.salesforce.com"})

_AUTHORITY: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?([^/?#\\]*)")
_URL: Final = re.compile(
    r"https://(?P<host>[a-z0-9.-]{1,255})(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<path>(?:/[A-Za-z0-9._~-]{1,255}){0,8})/?"
)
_EXTRA: Final = re.compile(
    r"(?P<host>[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9][a-z0-9-]{0,62}){0,16})"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
)


@dataclass(frozen=True, slots=True)
class _Address:
    """The parts of an acceptable URL; ``port`` is None where the URL has none."""

    host: str
    port: int | None
    path: str


class AllowedHosts:
    """The hosts of Salesforce, and those that an admin added as ``HOST`` or ``HOST:PORT``.

    A host added without a port is allowed at port 443 only. Raises ValueError for an entry
    that is not of that form.
    """

    def __init__(self, extra: Iterable[str] = ()) -> None:
        self._extra = frozenset(parse_extra(entry) for entry in extra)

    def check_login_url(self, url: str) -> None:
        """Raise HostNotAllowedError unless tokens may be asked from *url*.

        Only sites and hosts that an admin added may carry a path.
        """
        address = _address_of(url)
        if address is None or not self._is_login(address):
            raise _refusal_of_login(url)

    def check_instance_url(self, url: str) -> None:
        """Raise HostNotAllowedError unless a token may be used at *url*, which has no path."""
        address = _address_of(url)
        if address is None or address.path or not self._is_instance(address):
            raise _refusal("instance_url in Salesforce's answer", url)

    def check_answered_url(self, member: str, url: str) -> None:
        """Raise HostNotAllowedError unless *url*, a *member* of an answer, may be published."""
        address = _address_of(url)
        if address is None or not self._is_of_salesforce(address):
            raise _refusal(f"{member} in Salesforce's answer", url)

    def _is_login(self, address: _Address) -> bool:
        if self._is_extra(address):
            return True
        if address.port is not None:
            return False
        if _SITE.fullmatch(address.host):
            return True
        return not address.path and _LOGIN.fullmatch(address.host) is not None

    def _is_instance(self, address: _Address) -> bool:
        # Tokens are used at an old instance, never asked from there.
        is_legacy = address.port is None and OLD_INSTANCE.fullmatch(address.host) is not None
        return is_legacy or self._is_login(address)

    def _is_of_salesforce(self, address: _Address) -> bool:
        host = _Address(address.host, address.port, "")
        is_gateway = address.port is None and address.host in _API_GATEWAYS
        return is_gateway or self._is_instance(host)

    def _is_extra(self, address: _Address) -> bool:
        return (address.host, address.port or _HTTPS_PORT) in self._extra


def parse_extra(text: str) -> tuple[str, int]:
    """Return host and port of ``HOST`` or ``HOST:PORT`` (443 without one).

    Raises ValueError, with a text for the person who wrote the flag.
    """
    found = _EXTRA.fullmatch(_ascii_lower(text.strip()))
    port = int(found["port"] or _HTTPS_PORT) if found else 0
    if found is None or port > 65535:
        raise ValueError(
            f"{_printable(text)!r} is not a host: give HOST or HOST:PORT, such as "
            "login.example.com:8443, without https:// and without a path or wildcard"
        )
    return found["host"], port


def host_of(url: str) -> str:
    """Return ``host`` or ``host:port`` of *url*, lower-case and safe to print."""
    found = _AUTHORITY.match(url)
    authority = found[1] if found else ""
    return _printable(authority.rpartition("@")[2].lower())


def _address_of(url: str) -> _Address | None:
    found = _URL.fullmatch(_with_lower_case_host(url))
    if found is None or any(part in {".", ".."} for part in found["path"].split("/")):
        return None
    return _Address(found["host"], int(found["port"]) if found["port"] else None, found["path"])


def _with_lower_case_host(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}{separator}{_ascii_lower(host)}{slash}{path}"


def _ascii_lower(text: str) -> str:
    # str.lower maps the Kelvin sign to "k": only ASCII may be folded.
    return text.lower() if text.isascii() else text


def _printable(text: str) -> str:
    return "".join(c if "!" <= c <= "~" else "?" for c in text[:_LONGEST_HOST])


def _refusal_of_login(url: str) -> HostNotAllowedError:
    field, better = "spec.org.loginURL", better_login_url(url)
    if better is None:
        return _refusal(field, url)
    return HostNotAllowedError(
        f"{field} names the host {host_of(url)!r}, which {better.problem}.",
        remedy=f"Set {field} to {better.url}, or to the My Domain of the org if that is another.",
    )


def _refusal(field: str, url: str) -> HostNotAllowedError:
    host = host_of(url)
    if not url.lower().startswith("https://"):
        return HostNotAllowedError(
            f"{field} ({host!r}) does not start with https://.", remedy="Give an https:// URL."
        )
    return HostNotAllowedError(
        f"{field} names the host {host!r}, which is not one of Salesforce's, "
        "or has a user name, port or path that is not allowed there."
    )
