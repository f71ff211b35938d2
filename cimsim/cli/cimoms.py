"""The option ``--cimom``: several CIMOMs in one server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from cimsim.cli.config import CIMOM_TABLES, setting
from cimsim.cli.failure import fail

F = TypeVar("F", bound=Callable[..., Any])

_PACKS: Final = "packs"


def cimom_option(command: F) -> F:
    """Declare the CIMOMs of a server, each with its packs; the TOML file has tables with all that is different in each."""
    option = setting(
        "--cimom",
        multiple=True,
        metavar="NAME[=PACK,...]",
        callback=_cimoms,
        help="Serve a CIMOM of this name with these packs, or with PACKS, on ports of its own; may be repeated.",
    )
    return option(command)


def _cimoms(context: click.Context, _: click.Parameter, given: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Return what each CIMOM has of its own: the tables of the TOML file, and the packs of the option, which win."""
    found: dict[str, dict[str, Any]] = {name: dict(own) for name, own in context.meta.get(CIMOM_TABLES, {}).items()}
    named: set[str] = set()
    for each in given:
        name, equals, packs = each.partition("=")
        if name in named:
            fail(f"--cimom {name} is given twice")
        named.add(name)
        own = found.setdefault(name, {})
        if equals:
            own[_PACKS] = tuple(pack for pack in packs.split(",") if pack)
    return found
