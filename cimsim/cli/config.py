"""One name for each setting: the option ``--ready-file``, the variable ``CIMSIM_READY_FILE``, the TOML key ``ready_file``.

The command line wins over the variable, the variable over the file, the file over the default.
"""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cimsim.world.names import did_you_mean

F = TypeVar("F", bound=Callable[..., Any])


def setting(*names: str, **attributes: Any) -> Callable[[F], F]:
    """Declare an option together with its variable; attributes are those of ``click.option``."""
    long_name = next(name for name in names if name.startswith("--")).partition("/")[0]
    variable = "CIMSIM_" + long_name.removeprefix("--").replace("-", "_").upper()
    return click.option(*names, envvar=variable, show_envvar=True, **attributes)


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
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise click.BadParameter(f"cannot read {path}: {error.strerror}", context, parameter) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{path}: {error}", context, parameter) from None
    known = {each.name: each for each in context.command.params if each.name and each is not parameter}
    for name, value in values.items():
        if name not in known:
            hint = did_you_mean(name, known)
            raise click.BadParameter(f"{path}: no setting {name}{hint}", context, parameter)
        wants_list = getattr(known[name], "multiple", False) or known[name].nargs == -1
        if isinstance(value, list) != wants_list or isinstance(value, dict):
            shape = "a list" if wants_list else "a single value"
            raise click.BadParameter(f"{path}: {name} must be {shape}", context, parameter)
    context.default_map = {**(context.default_map or {}), **values}
