"""Completion of words by the shell, for the plugin itself and under kubectl."""

import sys
from collections.abc import Sequence
from typing import Final

import click
from click.shell_completion import ShellComplete, get_completion_class

COMPLETE_VARIABLE: Final = "_KUBECTL_SALESFORCE_COMPLETE"
_PROGRAM: Final = "kubectl-salesforce"
# Cobra, which kubectl is made with: no completion by file names.
_NO_FILES: Final = ":4"
_FILES: Final = ":0"


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
    script = kind(context.find_root().command, {}, _PROGRAM, COMPLETE_VARIABLE)
    click.echo(ShellComplete.source(script))
    return 0


def complete_for_kubectl(arguments: Sequence[str] | None = None) -> int:
    """Answer kubectl, which gives the words up to the cursor; the last one is incomplete."""
    # Late, as the commands import this module.
    from token_operator.cli.plugin.main import program  # noqa: PLC0415 - see above

    words = list(sys.argv[1:] if arguments is None else arguments) or [""]
    shell = ShellComplete(program, {}, _PROGRAM, COMPLETE_VARIABLE)
    items = shell.get_completions(words[:-1], words[-1])
    for item in items:
        if item.type == "plain":
            click.echo(f"{item.value}\t{item.help}" if item.help else item.value)
    click.echo(_FILES if any(item.type != "plain" for item in items) else _NO_FILES)
    return 0
