"""The text of one MOF file: what its offsets are as lines and columns."""

import re
from bisect import bisect_left
from pathlib import Path
from typing import Final

from cimsim.packs.mof.declarations import MofPosition
from cimsim.packs.mof.mof_errors import MofError
from cimsim.packs.pack_errors import PackError

_NEWLINE: Final = re.compile("\n")


class MofSource:
    """A MOF text.

    Args:
        path: of its file.
        folder: of its pack; positions name the file relative to it.
        name: of the file, relative to the folder.
        text: what stands in it.
    """

    def __init__(self, path: Path, folder: Path, name: str, text: str) -> None:
        self.path = path
        self.text = text
        self._folder = folder
        self._name = name
        self._newlines: list[int] | None = None

    def position(self, offset: int) -> MofPosition:
        """Return the position of an offset in the text."""
        if self._newlines is None:
            self._newlines = [match.start() for match in _NEWLINE.finditer(self.text)]
        line = bisect_left(self._newlines, offset)
        start = self._newlines[line - 1] + 1 if line else 0
        return MofPosition(self._name, line + 1, offset - start + 1)

    def error(self, error: MofError) -> PackError:
        """Return an error in this text with its place."""
        return self.position(error.offset).error(self._folder, error.text)
