"""Environments of pywbem_mock: MOF files and mock scripts, run in the order given as ``pywbemcli --mock-server`` runs them.

A mock script has a function ``setup(conn, server, verbose)``; older ones use the global variables CONN, SERVER and VERBOSE.
"""

import importlib.util
import sys
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cimsim.packs.build import Built, compile_plain
from cimsim.packs.manifest import plain_pack
from cimsim.packs.modules import FAILURES, SourceLoader, module_name, reason, syntax_error
from cimsim.packs.mof.dialect import MofDialect
from cimsim.packs.pack_errors import PackError, read_bytes
from cimsim.providers.registry import ProviderBinding, ProviderRegistry
from cimsim.world.transaction import Transaction
from cimsim.world.world import World

if TYPE_CHECKING:
    from cimsim.providers.pywbem_mock.mock_connection import ScriptConnection
    from cimsim.providers.pywbem_mock.stage import Stage

SCRIPT: Final = ".py"
MOF: Final = ".mof"
_GLOBALS: Final = frozenset({"CONN", "SERVER"})


def split_environment(names: Sequence[str | Path]) -> tuple[list[str | Path], list[Path]]:
    """Return the packs among the arguments, and the files of the mock environment.

    Where there is a mock script, MOF files belong to the environment, too; otherwise they are packs.
    """
    paths = [Path(name) for name in names]
    if not any(path.suffix.lower() == SCRIPT for path in paths):
        return list(names), []
    files = [path for path in paths if path.suffix.lower() in (SCRIPT, MOF)]
    return [name for name, path in zip(names, paths, strict=True) if path not in files], files


class Environment(msgspec.Struct, frozen=True):
    """An environment after its setup: the connection of the scripts, at which their providers are registered.

    ``built`` is what its MOF files declare.
    """

    connection: "ScriptConnection"
    stage: "Stage"
    built: tuple[Built, ...]

    def providers(self, bindings: Iterable[ProviderBinding]) -> ProviderRegistry:
        """Return the providers of packs together with the providers of the environment."""
        from cimsim.providers.pywbem_mock.registered_providers import RegisteredProviders

        return RegisteredProviders(self.connection, self.stage, bindings)


def set_up(
    files: Sequence[Path],
    world: World,
    namespace: str,
    now: float,
    *,
    lenient: bool = True,
    dialect: MofDialect = MofDialect.DMTF,
) -> tuple[World, Environment]:
    """Compile the MOF files of an environment and run its scripts; return the next world as well.

    Args:
        files: in the order in which it happens.
        world: where it happens.
        namespace: the default namespace of the connection; made if it is not there.
        now: the time, in seconds since 1970-01-01 UTC.
        lenient: how its MOF files are taken, see ``load.load``.
        dialect: what they are written in.

    Raises:
        PackError: a file cannot be read, MOF is wrong, or a script fails, does nothing or is not Python.
    """
    for file in files:
        # What is missing is reported before any work is done.
        read_bytes(file)
    # pywbem_mock takes a while to import, and few need it.
    from pywbem import WBEMServer

    from cimsim.providers.pywbem_mock.mock_connection import ScriptConnection
    from cimsim.providers.pywbem_mock.stage import Stage

    stage = Stage()
    built = []
    transaction = Transaction(world, namespace, now)
    transaction.create_namespace(namespace)
    with stage.using(transaction):
        connection = ScriptConnection(stage, namespace)
        server = WBEMServer(connection)
        for file in files:
            if file.suffix.lower() == MOF:
                built.append(compile_plain(plain_pack(file, namespace), transaction, dialect, lenient=lenient))
            else:
                _run(file, connection, server)
    return transaction.world, Environment(connection, stage, tuple(built))


def _run(file: Path, connection: Any, server: Any) -> None:
    """Import a script, and call its setup."""
    name = module_name("script", file)
    loader = SourceLoader(name, str(file))
    spec = importlib.util.spec_from_file_location(name, file, loader=loader)
    if spec is None:
        raise PackError("cannot be imported", file)
    module = importlib.util.module_from_spec(spec)
    vars(module).update(CONN=connection, SERVER=server, VERBOSE=False)
    # Classes and dataclasses look their module up.
    sys.modules[name] = module
    try:
        loader.exec_module(module)
        if hasattr(module, "setup"):
            module.setup(conn=connection, server=server, verbose=False)
        else:
            _check_globals(file, loader.get_code(name))
    except FAILURES as error:
        del sys.modules[name]
        raise _error(file, module, error) from error


def _check_globals(file: Path, code: CodeType) -> None:
    """Refuse a script that can have done nothing: one of the older form that uses none of its global variables."""
    if not _GLOBALS.intersection(_names(code)):
        raise PackError("this mock script has no function setup(conn, server, verbose), and does not use CONN or SERVER", file)


def _names(code: CodeType) -> set[str]:
    """Return the names that code uses at any depth."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
    return names


def _error(file: Path, module: ModuleType, error: BaseException) -> PackError:
    """Return the error of a script: at the innermost of its own lines, whatever raised it further down."""
    if isinstance(error, PackError):
        return error
    if isinstance(error, SyntaxError) and error.filename:
        return syntax_error(error)
    own = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == module.__file__]
    return PackError(reason(error), file, own[-1] if own else None)
