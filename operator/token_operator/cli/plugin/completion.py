"""The program ``kubectl_complete-salesforce``: completion under kubectl."""

import sys
from collections.abc import Sequence
from typing import Final

import click
from click.shell_completion import ShellComplete

from token_operator.cli.plugin.completion_script import COMPLETE_VARIABLE, EXECUTABLE
from token_operator.cli.plugin.main import program

# Cobra, which kubectl is made with: no completion by file names.
_NO_FILES: Final = ":4"
_FILES: Final = ":0"


def complete_for_kubectl(arguments: Sequence[str] | None = None) -> int:
    """Answer kubectl, which gives the words up to the cursor; the last one is incomplete."""
    words = list(sys.argv[1:] if arguments is None else arguments) or [""]
    shell = ShellComplete(program, {}, EXECUTABLE, COMPLETE_VARIABLE)
    items = shell.get_completions(words[:-1], words[-1])
    for item in items:
        if item.type == "plain":
            click.echo(f"{item.value}\t{item.help}" if item.help else item.value)
    click.echo(_FILES if any(item.type != "plain" for item in items) else _NO_FILES)
    return 0
