"""``cimsim new`` and ``cimsim check``: a pack to start from, and a look at one."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cimsim.cli.config import assignments, setting
from cimsim.cli.failure import fail
from cimsim.cli.variables import SettingsCommand

if TYPE_CHECKING:
    from cimsim.packs.check import CheckedClass, CheckedNamespace


@click.command()
@click.argument("folder", metavar="PACK", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Write a small working pack into the folder PACK, to change into one of your own."""
    from cimsim.packs.create import create_pack
    from cimsim.packs.pack_errors import PackError

    try:
        files = create_pack(folder)
    except PackError as error:
        fail(str(error))
    for file in files:
        click.echo(f"wrote {file}")
    quoted = shlex.quote(str(folder))
    click.echo(f"next: cimsim check {quoted}; cimsim serve {quoted} --reload")


mof_dialect_option = setting(
    "--mof-dialect",
    type=click.Choice(["dmtf", "windows"]),
    default="dmtf",
    show_default=True,
    help="Language of MOF files without a pack that says it.",
)
lenient_option = setting(
    "--lenient/--no-lenient",
    default=None,
    help="Warn of what MOF has incomplete or twice, or refuse it.  [default: as packs ask; MOF files: warn]",
)


@click.command(cls=SettingsCommand)
@click.argument("packs", nargs=-1)
@setting("--set", multiple=True, metavar="PACK.NAME=VALUE", help="Change a setting of a pack; may be repeated.")
@setting("--namespace", default="root/cimv2", show_default=True, help="Namespace for a schema and MOF files.")
@setting("--schema", type=click.Path(path_type=Path), help="Schema: a folder or ZIP archive of MOF files.")
@lenient_option
@mof_dialect_option
@click.option("--strict", is_flag=True, help="End with status 1 when there are warnings.")
def check(packs: tuple[str, ...], strict: bool, **options: Any) -> None:
    """Load PACKS and look them over: classes, instances, methods with and without a provider, and what looks wrong.

    Without PACKS these are all shipped ones, or the schema alone. Of a schema below PACKS only the classes that have instances
    are looked at. What keeps a pack from being served ends with status 2 and one line that names the place.
    """
    from cimsim.packs.check import check_others, check_pack
    from cimsim.packs.load import load
    from cimsim.packs.locate import SHIPPED, locate
    from cimsim.packs.pack_errors import PackError
    from cimsim.simulation.start_rules import check_scenarios

    now = time.time()
    try:
        loaded = load(
            packs,
            assignments(options["set"]),
            cache_dir=None,
            now=now,
            namespace=options["namespace"],
            schema=options["schema"],
            lenient=options["lenient"],
            mof_dialect=options["mof_dialect"],
        )
        scenarios = check_scenarios(loaded)
    except PackError as error:
        fail(str(error))
    schema: Path | None = options["schema"]
    if schema is not None and not packs:
        asked = {schema.resolve()}
    else:
        asked = {(Path(each) if _is_script(each) else locate(each)).resolve() for each in packs or SHIPPED}
    below = next((each.classes for each in loaded.packs if schema is not None and packs and each.path == schema), frozenset())
    checked = []
    for pack in (each for each in loaded.packs if each.path.resolve() in asked):
        click.echo(" ".join(part for part in ("pack", pack.name, pack.version, f"({pack.path})") if part))
        checked += _shown(check_pack(pack, loaded, now, below))
        for each in scenarios:
            if each.pack == pack.name:
                click.echo(f"  scenario {each.name}: {_counted(len(each.faults), 'rule', 'rules')}")
    if any(map(_is_script, packs)):
        checked += _shown(check_others(loaded, now))
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}")
    warnings = sum(len(each.warnings) for each in checked) + len(loaded.warnings)
    click.echo(_counted(warnings, "warning", "warnings"))
    if strict and warnings:
        sys.exit(1)


def _is_script(name: str) -> bool:
    return name.lower().endswith(".py")


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _shown(namespaces: list[CheckedNamespace]) -> list[CheckedNamespace]:
    for namespace in namespaces:
        _show(namespace)
    return namespaces


def _show(namespace: CheckedNamespace) -> None:
    instances = sum(each.instances for each in namespace.classes)
    methods = [method for each in namespace.classes for method in each.methods]
    carried_out = sum(1 for method in methods if method.provider is not None)
    held = f"{_counted(instances, 'instance', 'instances')} of {_counted(len(namespace.classes), 'class', 'classes')}"
    click.echo(f"{namespace.name}: {held}, {carried_out} of {_counted(len(methods), 'method acts', 'methods act')}")
    for each in namespace.classes:
        _show_class(each)
    for warning in namespace.warnings:
        click.echo(f"  warning: {warning}")


def _show_class(cls: CheckedClass) -> None:
    click.echo(f"  {cls.name}: {_counted(cls.instances, 'instance', 'instances')}")
    for method in cls.methods:
        click.echo(f"    {method.name}: {method.provider or 'no provider'}")
