"""``salesforce-token-operator``: from the command line and the environment to Settings."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypedDict, Unpack

import click

from token_operator.cli.options import (
    AllowedHostType,
    CAFileType,
    ListenAddressType,
    NamespaceType,
    ObjectNameType,
)
from token_operator.proxies import Proxies, ProxyInvalidError, proxies_of
from token_operator.settings import LogFormat, LogLevel, Settings
from token_operator.telemetry.build import version

_PROGRAM: Final = "salesforce-token-operator"
_PREFIX: Final = "TOKEN_OPERATOR"
_USAGE_ERROR: Final = 2
_INTERRUPTED: Final = 130

_DEFAULTS: Final = Settings()

Run = Callable[[Settings], int]


class _Flags(TypedDict):
    """What click hands over: the flags of ``run``, each checked by its type."""

    namespace: tuple[str, ...]
    allowed_host: tuple[str, ...]
    ca_file: Path | None
    leader_election: bool
    lease_name: str
    lease_namespace: str | None
    listen_address: tuple[str, int]
    log_format: LogFormat
    log_level: LogLevel
    restart_workloads: bool


def main(arguments: Sequence[str] | None = None, *, run: Run | None = None) -> int:
    """Do what the command line says and return the exit code.

    The code is 2, with one line on standard error, if the command line is wrong. *run* stands
    in for the operator itself.
    """
    try:
        code = program.main(
            arguments, prog_name=_PROGRAM, standalone_mode=False, obj=run or _run_operator
        )
    except click.ClickException as error:
        message = " ".join(error.format_message().split())
        click.echo(f"error: {message}", err=True)
        return _USAGE_ERROR
    except click.Abort:
        return _INTERRUPTED
    return int(code or 0)


@click.group(no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version(), prog_name=_PROGRAM)
def program() -> None:
    """Keep working Salesforce access tokens in Kubernetes Secrets.

    See 'salesforce-token-operator run --help' for the options.
    """


def _variable(flag: str) -> str:
    return f"{_PREFIX}_{flag.removeprefix('--').replace('-', '_').upper()}"


@program.command(
    short_help="Run the operator until SIGTERM.",
    context_settings={"show_default": True, "max_content_width": 100},
)
@click.option(
    "--namespace",
    type=NamespaceType(),
    metavar="NS",
    multiple=True,
    show_default="all namespaces",
    envvar=_variable("--namespace"),
    show_envvar=True,
    help="Watch only this namespace. Repeatable; in the environment a comma-separated list.",
)
@click.option(
    "--allowed-host",
    type=AllowedHostType(),
    metavar="HOST[:PORT]",
    multiple=True,
    show_default="none",
    envvar=_variable("--allowed-host"),
    show_envvar=True,
    help="Let connections log in at this host, beside Salesforce's own; port 443 if none is "
    "given. Repeatable; in the environment a list with commas.",
)
@click.option(
    "--ca-file",
    type=CAFileType(),
    metavar="FILE",
    show_default="those of the system",
    envvar=_variable("--ca-file"),
    show_envvar=True,
    help="Certificate authorities (PEM) to trust when speaking to Salesforce, for instance that "
    "of a proxy that re-signs traffic.",
)
@click.option(
    "--leader-election/--no-leader-election",
    default=_DEFAULTS.leader_election,
    show_default="off",
    envvar=_variable("--leader-election"),
    show_envvar=True,
    help="Work only while holding a Lease, so that of several replicas one works and the others "
    "stand by. The Helm chart turns it on.",
)
@click.option(
    "--lease-name",
    type=ObjectNameType(),
    metavar="NAME",
    default=_DEFAULTS.lease_name,
    envvar=_variable("--lease-name"),
    show_envvar=True,
    help="Name of the Lease of the leader election.",
)
@click.option(
    "--lease-namespace",
    type=NamespaceType(),
    metavar="NS",
    show_default="the operator's own",
    envvar=_variable("--lease-namespace"),
    show_envvar=True,
    help="Namespace of the Lease of the leader election.",
)
@click.option(
    "--listen-address",
    type=ListenAddressType(),
    metavar="HOST:PORT",
    default=f"{_DEFAULTS.listen_host}:{_DEFAULTS.listen_port}",
    envvar=_variable("--listen-address"),
    show_envvar=True,
    help="Where /metrics, /livez and /readyz are served; an IPv6 address stands in brackets.",
)
@click.option(
    "--log-format",
    type=click.Choice(LogFormat, case_sensitive=False),
    default=_DEFAULTS.log_format.value,
    envvar=_variable("--log-format"),
    show_envvar=True,
    help="Format of the log lines on standard error.",
)
@click.option(
    "--log-level",
    type=click.Choice(LogLevel, case_sensitive=False),
    default=_DEFAULTS.log_level.value,
    envvar=_variable("--log-level"),
    show_envvar=True,
    help="Least important log lines to write. Libraries stay at warning or above.",
)
@click.option(
    "--restart-workloads",
    is_flag=True,
    show_default="off",
    envvar=_variable("--restart-workloads"),
    show_envvar=True,
    help="Restart the workloads that a connection lists when its token changed. The operator "
    "needs the privilege to patch them.",
)
@click.pass_obj
def run(start: Run, /, **flags: Unpack[_Flags]) -> int:
    """Run the operator until SIGTERM.

    It finds the cluster as kubectl does: by KUBECONFIG, ~/.kube/config, or the service account
    of its pod. HTTPS_PROXY and NO_PROXY are honoured as kubectl does. Each option can also be
    given by the environment variable named with it; the command line wins.

    On SIGTERM it finishes what is being written, releases the Lease and leaves within 20
    seconds. The exit code is 2 if an option or a proxy variable is wrong.
    """
    return start(_settings(flags))


def _settings(flags: _Flags) -> Settings:
    host, port = flags["listen_address"]
    return Settings(
        namespaces=tuple(dict.fromkeys(flags["namespace"])),
        allowed_hosts=tuple(dict.fromkeys(flags["allowed_host"])),
        ca_file=flags["ca_file"],
        leader_election=flags["leader_election"],
        lease_name=flags["lease_name"],
        lease_namespace=flags["lease_namespace"],
        listen_host=host,
        listen_port=port,
        log_format=flags["log_format"],
        log_level=flags["log_level"],
        restart_workloads=flags["restart_workloads"],
        proxies=_proxies(),
    )


def _proxies() -> Proxies:
    try:
        return proxies_of(os.environ)
    except ProxyInvalidError as error:
        raise click.UsageError(str(error)) from None


def _run_operator(settings: Settings) -> int:
    # Late, so that --help and a wrong option do not wait for kopf.
    from token_operator.runtime import main as runtime_main  # noqa: PLC0415 - see above

    return runtime_main.main(settings)


if __name__ == "__main__":
    sys.exit(main())
