"""What the commands have in common: where the cluster is, how Salesforce is reached."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from token_operator.cli.options import AllowedHostType, CAFileType, NamespaceType, ObjectNameType
from token_operator.cli.plugin.kubeconfig import Place
from token_operator.cli.plugin.name_completion import names_of_connections

Command = Callable[..., int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What the options say of the way to Salesforce."""

    allowed_hosts: tuple[str, ...] = ()
    ca_file: Path | None = None


def cluster_options(command: Command) -> Command:
    """Add -n, --context and --kubeconfig; the command gets them as *place*."""

    @click.option(
        "-n",
        "--namespace",
        type=NamespaceType(),
        metavar="NS",
        help="Namespace. Defaults to the namespace of the context.",
    )
    @click.option("--context", metavar="NAME", help="Name of the kubeconfig context to use.")
    @click.option("--kubeconfig", metavar="FILE", help="Path to the kubeconfig file.")
    @functools.wraps(command)
    def with_place(
        *args: object,
        namespace: str | None,
        context: str | None,
        kubeconfig: str | None,
        **kwargs: object,
    ) -> int:
        place = Place(namespace=namespace, context=context, kubeconfig=kubeconfig)
        return command(*args, place=place, **kwargs)

    return with_place


def salesforce_options(command: Command) -> Command:
    """Add --allowed-host and --ca-file; the command gets them as *reach*."""

    @click.option(
        "--allowed-host",
        type=AllowedHostType(),
        metavar="HOST[:PORT]",
        multiple=True,
        help="Allow this login host in addition to Salesforce's own. Repeatable.",
    )
    @click.option(
        "--ca-file",
        type=CAFileType(),
        metavar="FILE",
        help="CA certificates (PEM) to trust in addition to the system's.",
    )
    @functools.wraps(command)
    def with_reach(
        *args: object, allowed_host: tuple[str, ...], ca_file: Path | None, **kwargs: object
    ) -> int:
        reach = Reach(allowed_hosts=allowed_host, ca_file=ca_file)
        return command(*args, reach=reach, **kwargs)

    return with_reach


def connection_argument(*, required: bool = True) -> Callable[[Command], Command]:
    """Add the argument NAME, completed by the names of the connections that are there."""
    return click.argument(
        "name",
        metavar="NAME" if required else "[NAME]",
        type=ObjectNameType(),
        required=required,
        shell_complete=names_of_connections,
    )


def output_option(command: Command) -> Command:
    """Add -o json; the command gets it as *output*."""
    option = click.option(
        "-o",
        "--output",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="Output format.",
    )
    return option(command)
