"""``cimsim export``: files for running cimsim elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from cimsim.cli.failure import fail

_FOLDER: Final = Path(__file__).parent.parent / "deploy"
_CONTAINER: Final = ("Containerfile", "compose.yaml")


@click.group()
def export() -> None:
    """Write files for running cimsim elsewhere."""


@export.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--force", is_flag=True, help="Replace files that are there.")
def container(folder: Path, force: bool) -> None:
    """Write a Containerfile and a compose file into the folder DIR, which is made if it is not there."""
    there = [name for name in _CONTAINER if (folder / name).exists()]
    if there and not force:
        fail(f"export container {folder}: {' and '.join(there)} exist already; --force replaces them")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in _CONTAINER:
            (folder / name).write_bytes((_FOLDER / name).read_bytes())
            click.echo(f"wrote {folder / name}")
    except OSError as error:
        fail(f"export container {folder}: {error.strerror}")
