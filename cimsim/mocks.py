"""The modules of the shipped packs under one name, ``cimsim.mocks.PACK.providers``, for packs that build on them.

An installed package has them in the folder ``mocks`` beside this module, a source checkout in ``mocks`` at its top.
"""

from pathlib import Path
from typing import Final

_INSTALLED: Final = Path(__file__).parent / "mocks"

FOLDER: Final = _INSTALLED if _INSTALLED.is_dir() else _INSTALLED.parent.parent / "mocks"
"""The folder of the shipped packs."""

# This makes a package of the module. Python finds it before the folder of the same name, which has no __init__.py.
__path__ = [str(FOLDER)]
