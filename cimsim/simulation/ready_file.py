"""The file that says, once requests are answered, where."""

import os
from collections.abc import Sequence
from pathlib import Path

from cimsim.simulation.options import OptionsError


class ReadyFile:
    """A file with one URL a line; nobody ever sees it half-written.

    What an earlier run left is removed at once.

    Raises:
        OptionsError: it could not be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = path.with_name(f".cimsim-{os.getpid()}")
        try:
            # Not the file itself: whoever waits for it must not find it before there is something in it.
            self._beside.touch()
            self._beside.unlink()
            path.unlink(missing_ok=True)
        except OSError as error:
            raise self._failed(error) from None

    def write(self, lines: Sequence[str]) -> None:
        """Write the file.

        Raises:
            OptionsError: it cannot be written.
        """
        try:
            self._beside.write_text("\n".join(lines) + "\n", encoding="utf-8")
            self._beside.replace(self._path)
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> OptionsError:
        return OptionsError(f"--ready-file {self._path}: cannot be written: {error.strerror}")
