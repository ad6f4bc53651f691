"""How a command says that something is not good: one line, and exit code 1."""

import click


class NotGoodError(click.ClickException):
    """What was asked for did not come out well; the message is one sentence for a person."""

    exit_code = 1
