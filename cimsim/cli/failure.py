"""How commands end when something the user gave is wrong."""

import sys
from typing import NoReturn

import click


def fail(text: str) -> NoReturn:
    """Say in one line what is wrong, and end with status 2."""
    click.echo(f"cimsim: {text}", err=True)
    sys.exit(2)
