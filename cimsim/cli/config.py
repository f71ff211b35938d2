"""One name for each setting: the option ``--ready-file``, the variable ``CIMSIM_READY_FILE``, the TOML key ``ready_file``.

The command line wins over the variable, the variable over the file, the file over the default. Settings of packs are settings
like the others: which of these wins is found out for each of them.
"""

import math
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from click.core import ParameterSource

from cimsim.cli.failure import fail
from cimsim.world.names import did_you_mean

F = TypeVar("F", bound=Callable[..., Any])

Assignments = dict[str, Any]
"""Settings of packs by ``PACK.NAME``: texts, lists of texts, or typed values, as ``packs.settings.settle`` takes them."""

_SET: Final = "set"
_TABLES: Final = "cimsim.cli.config.tables"
CIMOM: Final = "cimom"
CIMOM_TABLES: Final = "cimsim.cli.config.cimoms"
"""Under which the context has what the tables of the TOML file say of each CIMOM."""


def setting(*names: str, **attributes: Any) -> Callable[[F], F]:
    """Declare an option together with its variable; attributes are those of ``click.option``."""
    long_name = next(name for name in names if name.startswith("--")).partition("/")[0]
    variable = "CIMSIM_" + long_name.removeprefix("--").replace("-", "_").upper()
    return click.option(*names, envvar=variable, show_envvar=True, **attributes)


def all_of(command: F, options: Sequence[Callable[[F], F]]) -> F:
    """Declare options of a command, in this order."""
    for option in reversed(options):
        command = option(command)
    return command


def config_option(command: F) -> F:
    """Declare ``--config``, the TOML file that gives the other settings of a command."""
    option = click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="CIMSIM_CONFIG",
        show_envvar=True,
        is_eager=True,
        expose_value=False,
        callback=_read_config,
        help="Take settings from this TOML file; its keys are the long options with _ for -.",
    )
    return option(command)


def _read_config(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    import tomllib  # few starts have such a file

    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise click.BadParameter(f"cannot read {path}: {error.strerror}", context, parameter) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{path}: {error}", context, parameter) from None
    known = {each.name: each for each in context.command.params if each.name and each is not parameter}
    if _SET in known:
        try:
            if isinstance(values.get(CIMOM), dict):
                context.meta[CIMOM_TABLES] = _cimom_tables(values.pop(CIMOM), known, context)
            context.meta[_TABLES] = _tables(values, known)
        except ValueError as error:
            raise click.BadParameter(f"{path}: {error}", context, parameter) from None
    for name, value in values.items():
        if name not in known:
            hint = did_you_mean(name, known)
            raise click.BadParameter(f"{path}: no setting {name}{hint}", context, parameter)
        wanted = _wanted(known[name], value)
        if wanted:
            raise click.BadParameter(f"{path}: {name} must be {wanted}", context, parameter)
    context.default_map = {**(context.default_map or {}), **values}


def _tables(values: dict[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Take the tables of packs out of the values of a file, and return their settings by ``PACK.NAME``."""
    tables = [name for name, value in values.items() if name not in known and isinstance(value, dict)]
    settings = {f"{pack}.{name}": value for pack in tables for name, value in values.pop(pack).items()}
    for name, value in settings.items():
        if isinstance(value, dict):
            raise ValueError(f"{name} is a table, not the value of a setting")
    return settings


def _cimom_tables(tables: dict[str, Any], known: dict[str, click.Parameter], context: click.Context) -> dict[str, Any]:
    """Return what each CIMOM has of its own, by its name, with values as options of the command line have them."""
    return {name: _cimom_table(f"{CIMOM}.{name}", table, known, context) for name, table in tables.items()}


def _cimom_table(place: str, table: Any, known: dict[str, click.Parameter], context: click.Context) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise ValueError(f"{place} must be a table: [{place}]")
    own = dict(table)
    settings = _tables(own, known)
    found: dict[str, Any] = {}
    for name, value in own.items():
        if name not in known:
            raise ValueError(f"{place}: no setting {name}{did_you_mean(name, known)}")
        wanted = _wanted(known[name], value)
        if wanted:
            raise ValueError(f"{place}.{name} must be {wanted}")
        try:
            found[name] = known[name].type_cast_value(context, value)
        except click.BadParameter as error:
            raise ValueError(f"{place}.{name}: {error.message}") from None
    found[_SET] = settings | assignments(tuple(found.get(_SET, ())))
    return found


def _wanted(known: click.Parameter, value: object) -> str | None:
    """Return what a TOML value should be and is not; None if it is. TOML has types, so nothing is converted."""
    if getattr(known, "multiple", False) or known.nargs == -1:
        strings = isinstance(value, list) and all(isinstance(item, str) for item in value)
        return None if strings else "a list of strings"
    kind = known.type
    if isinstance(kind, click.types.BoolParamType):
        return None if isinstance(value, bool) else "true or false"
    if isinstance(kind, click.types.FloatParamType):
        return None if isinstance(value, int | float) and not isinstance(value, bool) else "a number"
    if isinstance(kind, click.types.IntParamType):
        return None if isinstance(value, int) and not isinstance(value, bool) else "an integer"
    return None if isinstance(value, str) else "a string"


def pack_settings(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> Assignments:
    """Return the settings of packs, each from where it wins: ``--set``, its variable, the TOML file (a callback of ``--set``).

    In the TOML file they are ``set``, texts as ``--set`` has them, and tables with the name of the pack.
    """
    on_line = context.get_parameter_source(_SET) is ParameterSource.COMMANDLINE
    variables = parameter.value_from_envvar(context) or ()
    tables: Assignments = context.meta.get(_TABLES, {})
    in_file = assignments(tuple((context.default_map or {}).get(_SET, ())))
    for twice in tables.keys() & in_file.keys():
        fail(f"--config: {twice} stands in a table and in {_SET}")
    return tables | in_file | assignments(tuple(variables)) | assignments(given if on_line else ())


def assignments(given: tuple[str, ...]) -> Assignments:
    """Return the texts of ``--set`` by setting; a setting that is given several times has a list, which only lists take."""
    assignments: Assignments = {}
    for each in given:
        name, equals, value = each.partition("=")
        name = name.strip()
        if not equals or "." not in name:
            fail(f"--set {each}: write PACK.NAME=VALUE")
        before = assignments.get(name)
        if before is not None:
            assignments[name] = [*(before.split(",") if isinstance(before, str) else before), *value.split(",")]
        else:
            assignments[name] = value
    return assignments


class Seconds(click.FloatRange):
    """A length of time, finite and at least ``min`` seconds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse what is not a finite number; raises as the other types of click do."""
        seconds = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value} is not a length of time", param, ctx)
        return seconds
