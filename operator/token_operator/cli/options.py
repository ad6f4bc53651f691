"""The values that options take: how each is written, and what is said of a wrong one."""

import re
import ssl
from pathlib import Path
from typing import ClassVar, Final

import click

from token_operator.salesforce.hosts import parse_extra

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252})")
_IPV6: Final = re.compile(r"[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?")
_LONGEST_NAME: Final = 253


class _Text(click.ParamType[str]):
    """A text with a form of its own; in the environment a list of them has commas."""

    envvar_list_splitter: ClassVar[str] = ","

    def split_envvar_value(self, rv: str) -> list[str]:
        """Return the words between the commas, without spaces around them."""
        return [word for part in rv.split(",") if (word := part.strip())]


class NamespaceType(_Text):
    """The name of a namespace: a DNS label."""

    name = "ns"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return *value*, or fail."""
        if not _LABEL.fullmatch(value):
            self.fail(
                f"{value!r} is not the name of a namespace: lower-case letters, digits and '-', "
                "at most 63.",
                param,
                ctx,
            )
        return value


class ObjectNameType(_Text):
    """The name of a Kubernetes object: DNS labels with dots between."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return *value*, or fail."""
        is_name = all(_LABEL.fullmatch(part) for part in value.split("."))
        if not is_name or len(value) > _LONGEST_NAME:
            self.fail(
                f"{value!r} is not the name of an object: lower-case letters, digits, '-' and "
                "'.', at most 253.",
                param,
                ctx,
            )
        return value


class AllowedHostType(_Text):
    """``HOST`` or ``HOST:PORT``, as the list of allowed hosts takes it."""

    name = "host[:port]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return *value*, or fail with what the list of allowed hosts says of it."""
        try:
            parse_extra(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return value


class ListenAddressType(click.ParamType[tuple[str, int]]):
    """``HOST:PORT``; an IPv6 address stands in brackets."""

    name = "host:port"

    def convert(
        self,
        value: str | tuple[str, int],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, int]:
        """Return host (without brackets) and port, or fail."""
        if isinstance(value, tuple):  # click converts what is converted already
            return value
        host, _, port = value.rpartition(":")
        is_ipv6 = host.startswith("[") and host.endswith("]")
        bare = host[1:-1] if is_ipv6 else host
        form = _IPV6 if is_ipv6 else _HOST
        is_port = port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) <= 65535
        if not form.fullmatch(bare) or not is_port:
            self.fail(
                f"{value!r} is not HOST:PORT, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080.",
                param,
                ctx,
            )
        return bare, int(port)


class CAFileType(click.ParamType[Path]):
    """A file of PEM certificates that can be read now."""

    name = "file"

    def convert(
        self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        """Return the path, or fail."""
        path = Path(value)
        try:
            path.read_bytes()
        except OSError as error:
            self.fail(f"{str(path)!r} cannot be read: {error.strerror}.", param, ctx)
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except OSError:
            self.fail(f"{str(path)!r} contains no PEM certificate.", param, ctx)
        return path
