"""``kubectl salesforce completion``: the completion script of a shell."""

from typing import Final

import click
from click.shell_completion import ShellComplete, get_completion_class

COMPLETE_VARIABLE: Final = "_KUBECTL_SALESFORCE_COMPLETE"
EXECUTABLE: Final = "kubectl-salesforce"


@click.command(short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print the script that completes 'kubectl-salesforce' in SHELL.

    'kubectl salesforce' needs none: kubectl's own completion asks the program
    kubectl_complete-salesforce, which is installed beside the plugin.
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    script = kind(context.find_root().command, {}, EXECUTABLE, COMPLETE_VARIABLE)
    click.echo(ShellComplete.source(script))
    return 0
