"""Durations on the command line, written as in a connection."""

from datetime import timedelta

import click

from token_operator.cluster.durations import duration


class DurationType(click.ParamType[timedelta]):
    """A duration such as ``30s`` or ``1h30m``."""

    name = "duration"

    def convert(
        self,
        value: str | timedelta,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> timedelta:
        """Return the duration, or fail."""
        if isinstance(value, timedelta):  # click converts what is converted already
            return value
        try:
            return duration(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)
