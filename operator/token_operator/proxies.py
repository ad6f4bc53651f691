"""Which proxy a request is sent through, by the variables that Go programs read, by their rules.

HTTPS_PROXY, HTTP_PROXY and NO_PROXY, also in small letters, as golang.org/x/net/http/httpproxy
describes them; ALL_PROXY stands in for HTTPS_PROXY. Nothing here quotes a value: a proxy URL
may hold a password.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, Protocol
from urllib.parse import quote, unquote_to_bytes, urlsplit

_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})")
_AUTHORITY: Final = re.compile(
    r"(?:(?P<user>.*)@)?(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>.*))?"
)
_FORM: Final = (
    "Use http://HOST:PORT or http://USER:PASSWORD@HOST:PORT; percent-encode special characters "
    "in the password ('#' is %23, '/' is %2F, '@' is %40)."
)

_Address = IPv4Address | IPv6Address


class ProxyInvalidError(Exception):
    """A proxy URL that cannot be used: the message names where it stands, not the value."""


class _Exempt(Protocol):
    """What one entry of NO_PROXY covers."""

    def covers(self, host: str, address: _Address | None, port: int) -> bool:
        """Whether a host, with its address where it is one, needs no proxy."""


@dataclass(frozen=True, slots=True)
class _Everything:
    def covers(self, host: str, address: _Address | None, port: int) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class _Network:
    network: IPv4Network | IPv6Network
    port: int | None

    def covers(self, host: str, address: _Address | None, port: int) -> bool:
        return address is not None and address in self.network and self.port in (None, port)


@dataclass(frozen=True, slots=True)
class _Domain:
    suffix: str  # begins with a dot
    has_host: bool  # the name itself too, not only what is below it
    port: int | None

    def covers(self, host: str, address: _Address | None, port: int) -> bool:
        is_named = host.endswith(self.suffix) or (self.has_host and host == self.suffix[1:])
        return is_named and self.port in (None, port)


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies of this process, and what is reached without them."""

    https: str | None = field(default=None, repr=False)
    # As HTTP_PROXY has it: judged when a host without TLS is reached, which is a rare one.
    http: str = field(default="", repr=False)
    http_variable: str = "HTTP_PROXY"
    exempt: tuple[_Exempt, ...] = ()

    def route(self, scheme: str, host: str, port: int) -> str | None:
        """Return the URL of the proxy for a host; None where it is reached directly.

        *host* is a name or an address without brackets. Loopback is never asked of a proxy. Raise
        ProxyInvalidError for a host without TLS where HTTP_PROXY cannot be used.
        """
        proxy = self.http if scheme == "http" else self.https
        name, address = host.lower(), _address(host)
        if not proxy or name == "localhost" or (address is not None and address.is_loopback):
            return None
        if any(one.covers(name, address, port) for one in self.exempt):
            return None
        return proxy_url(proxy, self.http_variable) if scheme == "http" else proxy

    def route_to(self, url: str) -> str | None:
        """Return the URL of the proxy for *url*, as `route` does; None for a URL with faults."""
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS[parts.scheme]
        except (ValueError, KeyError):
            return None
        return self.route(parts.scheme, parts.hostname or "", port)


NO_PROXIES: Final = Proxies()


def proxies_of(environment: Mapping[str, str]) -> Proxies:
    """Return the proxies that the variables name; raise ProxyInvalidError for one unusable."""
    exempt = tuple(_exempt(_variable(environment, "NO_PROXY")[1]))
    name, text = _variable(environment, "HTTPS_PROXY")
    if not text:
        name, text = _variable(environment, "ALL_PROXY")
    http_variable, http = _variable(environment, "HTTP_PROXY")
    is_used = text and not any(isinstance(one, _Everything) for one in exempt)
    return Proxies(
        https=proxy_url(text, name) if is_used else None,
        http=http,
        http_variable=http_variable or "HTTP_PROXY",
        exempt=exempt,
    )


def proxy_url(text: str, place: str) -> str:
    """Return a proxy URL in a form that every client reads the same way.

    Raise ProxyInvalidError, which names *place*, for one that is malformed or not HTTP(S).
    """
    scheme, separator, rest = text.strip().partition("://")
    if not separator:  # as Go and curl read it
        scheme, rest = "http", text.strip()
    scheme = scheme.lower()
    if scheme.startswith("socks"):
        raise ProxyInvalidError(f"{place} names a SOCKS proxy, which is not supported. {_FORM}")
    if scheme not in _PORTS:
        raise ProxyInvalidError(f"{place} is not an http or https URL. {_FORM}")
    if not rest.isprintable() or " " in rest:
        raise ProxyInvalidError(f"{place} contains a blank or a control character. {_FORM}")
    authority, delimiter, tail = _split_authority(rest)
    if "@" in tail or delimiter in ("#", "?"):
        raise ProxyInvalidError(f"{place} contains a '{delimiter}' that must be encoded. {_FORM}")
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        raise ProxyInvalidError(f"{place} does not name a host. {_FORM}")
    host, port = _host(found["host"], place), _port(found["port"], place)
    user, _, password = (found["user"] or "").partition(":")
    login = f"{_quoted(user)}:{_quoted(password)}@" if found["user"] else ""
    return f"{scheme}://{login}{host}:{port or _PORTS[scheme]}"


def _quoted(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="")


def _variable(environment: Mapping[str, str], name: str) -> tuple[str, str]:
    """Return name and text of a variable, in capitals or in small letters; empty without one."""
    for one in (name, name.lower()):
        if environment.get(one, "").strip():
            return one, environment[one]
    return "", ""


def _split_authority(rest: str) -> tuple[str, str, str]:
    """Return what is before the first ``/``, ``?`` or ``#``, that character, and the rest."""
    found = re.search(r"[/?#]", rest)
    if found is None:
        return rest, "", ""
    return rest[: found.start()], found[0], rest[found.end() :]


def _host(text: str, place: str) -> str:
    bare = text.strip("[]")
    address = _address(bare)
    if isinstance(address, IPv6Address):
        return f"[{bare}]"
    if not _HOST.fullmatch(text):
        raise ProxyInvalidError(f"{place} does not name a host. {_FORM}")
    return text


def _port(text: str | None, place: str) -> int | None:
    if not text:
        return None
    port = int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0
    if not 0 < port < 65536:
        raise ProxyInvalidError(f"{place} has a port that is not from 1 to 65535. {_FORM}")
    return port


def _exempt(text: str) -> Iterator[_Exempt]:
    for entry in re.split(r"[,\s]+", text.lower()):
        if entry == "*":
            yield _Everything()
        elif entry:
            yield _exempt_by(entry)


def _exempt_by(entry: str) -> _Exempt:
    try:
        return _Network(ip_network(entry.strip("[]"), strict=False), None)
    except ValueError:
        host, port = _entry_parts(entry)
    address = _address(host)
    if address is not None:
        return _Network(ip_network(address), port)
    name = host[1:] if host.startswith("*.") else host
    if name.startswith("."):
        return _Domain(name, has_host=False, port=port)
    return _Domain(f".{name}", has_host=True, port=port)


def _entry_parts(entry: str) -> tuple[str, int | None]:
    host, colon, port = entry.rpartition(":")
    if colon and port.isascii() and port.isdigit() and len(port) <= 5:
        return host.strip("[]"), int(port)
    return entry, None


def _address(text: str) -> _Address | None:
    """Return the address that *text* is; an IPv4 address in the form of IPv6 as IPv4."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (isinstance(found, IPv6Address) and found.ipv4_mapped) or found
