"""Variables ``CIMSIM_...`` that no command reads: a misspelt one must not pass for a setting."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final

import click

from cimsim.cli.failure import fail
from cimsim.world.names import nearest

PREFIX: Final = "CIMSIM_"


class SettingsCommand(click.Command):
    """A command with settings; ends with status 2 if there is a variable ``CIMSIM_...`` that no command reads."""

    def invoke(self, ctx: click.Context) -> Any:
        """Check the variables, then run the command."""
        check_variables(ctx.find_root().command)
        return super().invoke(ctx)


class SettingsGroup(click.Group):
    """A group of commands with settings; see ``SettingsCommand``."""

    def invoke(self, ctx: click.Context) -> Any:
        """Check the variables, then run the command."""
        check_variables(ctx.find_root().command)
        return super().invoke(ctx)


def check_variables(root: click.Command) -> None:
    """End the process if the environment has a variable ``CIMSIM_...`` that is not one of ``root`` and its commands."""
    given = sorted(name for name in os.environ if name.startswith(PREFIX))
    if not given:
        return
    known = set(_variables(click.Context(root), root))
    for name in given:
        if name not in known:
            # What all of them begin with would make any two of them alike.
            match = nearest(name.removeprefix(PREFIX), [each.removeprefix(PREFIX) for each in known])
            fail(f"no setting has the variable {name}" + (f"; did you mean {PREFIX}{match}?" if match else ""))


def _variables(context: click.Context, command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter.envvar, str):
            yield parameter.envvar
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None:
                yield from _variables(context, found)
