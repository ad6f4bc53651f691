"""``kubectl salesforce``: its commands, and one line for whatever goes wrong."""

import sys
from collections.abc import Sequence
from typing import Final

import click

from token_operator.cli.plugin.authorize.command import authorize
from token_operator.cli.plugin.check.command import check
from token_operator.cli.plugin.completion_script import COMPLETE_VARIABLE, completion
from token_operator.cli.plugin.importing.command import import_settings
from token_operator.cli.plugin.keys.keygen import keygen
from token_operator.cli.plugin.keys.rotate_key import rotate_key
from token_operator.cli.plugin.renew import renew
from token_operator.cli.plugin.status.command import status
from token_operator.cluster.api import ApiError, ApiUnavailableError
from token_operator.cluster.connecting import NoClusterError
from token_operator.domain.failures import FailureError
from token_operator.proxies import ProxyInvalidError
from token_operator.telemetry.build import version

PROGRAM: Final = "kubectl salesforce"
_NOT_GOOD: Final = 1
_WRONG: Final = 2
_INTERRUPTED: Final = 130

_EXPECTED: Final = (NoClusterError, ApiError, ApiUnavailableError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return 0 if all is good, 1 if not, 2 if it is wrong."""
    try:
        code = program.main(
            arguments, PROGRAM, complete_var=COMPLETE_VARIABLE, standalone_mode=False
        )
    except click.ClickException as error:
        return _refuse(error.format_message(), error.exit_code)
    except ProxyInvalidError as error:
        return _refuse(str(error), _WRONG)
    except FailureError as failure:
        return _refuse(f"{failure.reason}: {failure.sentence()}", _NOT_GOOD)
    except _EXPECTED as error:
        return _refuse(f"Request to the cluster failed: {error}", _NOT_GOOD)
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    return int(code or 0)


def _refuse(message: str, code: int) -> int:
    click.echo(f"error: {' '.join(message.split())}", err=True)
    return code


@click.group(
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(version(), prog_name=PROGRAM)
def program() -> None:
    """Inspect and manage SalesforceConnections.

    Every command finds the cluster as kubectl does. The exit code is 0 if all is good, 1 if it
    is not, 2 if the command line is wrong.
    """


for _command in (status, renew, check, keygen, authorize, rotate_key, import_settings, completion):
    program.add_command(_command)


if __name__ == "__main__":
    sys.exit(main())
