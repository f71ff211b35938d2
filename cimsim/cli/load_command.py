"""``cimsim load``: more packs and MOF for a running ``cimsim serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from cimsim.cli.config import assignments
from cimsim.cli.control_option import Target, control_option, controlling
from cimsim.cli.failure import fail
from cimsim.cli.variables import SettingsCommand

_MOF: Final = ".mof"


@click.command(cls=SettingsCommand)
@control_option
@click.option("--namespace", help="Namespace for a MOF file.  [default: the first one but the interop namespace]")
@click.option("--set", "given", multiple=True, metavar="PACK.NAME=VALUE", help="Change a setting of the pack; may be repeated.")
@click.argument("what", metavar="PACK|FILE.mof")
def load(control: Target, namespace: str | None, given: tuple[str, ...], what: str) -> None:
    """Load the shipped pack PACK and those it requires, or the declarations of a MOF file, all or nothing."""
    path = Path(what)
    if path.is_dir():
        fail(f"load {what}: a running server loads shipped packs and MOF files; name the folder when you start it")
    mof = _read(path) if path.suffix.lower() == _MOF else None
    with controlling(control) as client:
        loaded = client.load(None if mof is not None else what, mof, namespace, assignments(given))
    click.echo(f"loaded {', '.join(loaded.packs) if mof is None else f'{what} into {loaded.namespace}'}")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"load {path}: cannot be read: {error}")
