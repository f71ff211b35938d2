"""``cimsim password``: the line of a users file that holds a password as its hash."""

from __future__ import annotations

import os
import sys

import click

from cimsim.cli.failure import fail


@click.command()
@click.argument("name")
def password(name: str) -> None:
    """Ask for the password of user NAME and print the line for a users file that holds its hash.

    Piped into the command, the password is the first line of standard input.
    """
    from cimsim.server.passwords import SALT_SIZE, ScryptHash

    if not name or ":" in name or name != name.strip() or name.startswith("#") or not name.isprintable():
        fail(f"{name!r} cannot be the name of a user")
    given = _asked() if sys.stdin.isatty() else _piped()
    if not given:
        fail("no password was given")
    click.echo(f"{name}:{ScryptHash.of(given, os.urandom(SALT_SIZE))}")


def _asked() -> str:
    # On standard error, so that standard output can be appended to a file.
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return answer


def _piped() -> str:
    try:
        return sys.stdin.buffer.readline().decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        fail("the password is not UTF-8")
