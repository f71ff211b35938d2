"""Importing Python files of users by their paths, and saying in one line what goes wrong in them."""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from pywbem import CIMError

from cimsim.packs.pack_errors import PackError
from cimsim.world.errors import described

PACK_MODULES: Final = "_cimsim_"
"""How the names of modules of packs and scripts begin."""

SHIPPED_MODULES: Final = "cimsim.mocks."
"""How the names of modules of shipped packs begin."""

# Code of a user that calls sys.exit() has failed as well.
FAILURES: Final = (Exception, SystemExit)


class SourceLoader(SourceFileLoader):
    """Reads the source each time: bytecode notices an edit within one second only by the length of the file."""

    def get_code(self, fullname: str) -> CodeType:
        """Return the compiled source."""
        return self.source_to_code(self.get_data(self.path), self.path)


@contextmanager
def no_bytecode() -> Iterator[None]:
    """Leave no bytecode of what is imported under it, as in the folders of users."""
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def module_name(kind: str, path: Path) -> str:
    """Return a name for the module of a file that no other module can have."""
    digest = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]
    return f"{PACK_MODULES}{kind}_{digest}"


@contextmanager
def modules_kept() -> Iterator[None]:
    """Put the modules of packs back as they were if what is done under it fails: who uses them goes on doing so."""
    before = _imported()
    try:
        yield
    except BaseException:
        for name in _imported():
            sys.modules.pop(name, None)
        sys.modules.update(before)
        raise


def _imported() -> dict[str, ModuleType]:
    # A copy: other threads import meanwhile.
    beginnings = (PACK_MODULES, SHIPPED_MODULES)
    return {name: module for name, module in sys.modules.copy().items() if name.startswith(beginnings)}


def syntax_error(error: SyntaxError) -> PackError:
    """Return the error of a file that is not Python; its name must be known."""
    return PackError(f"SyntaxError: {error.msg}", error.filename, error.lineno, error.offset)


def reason(error: BaseException) -> Any:
    """Return what an exception says."""
    if isinstance(error, CIMError):
        return f"{error.status_code_name}: {error.status_description}"
    return described(error)
