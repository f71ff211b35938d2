"""The file that says, once requests are answered, where."""

import os
from pathlib import Path
from typing import Final

from cimsim.simulation.options import OptionsError

_PUBLIC: Final = 0o666
_SECRET: Final = 0o600


class ReadyFile:
    """A file that nobody ever sees half-written.

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

    def write(self, text: str, *, secret: bool = False) -> None:
        """Write the file; a ``secret`` is for the user alone to read.

        Raises:
            OptionsError: it cannot be written.
        """
        try:
            mode = _SECRET if secret else _PUBLIC
            with os.fdopen(os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
                file.write(text)
            self._beside.replace(self._path)
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> OptionsError:
        return OptionsError(f"--ready-file {self._path}: cannot be written: {error.strerror}")
