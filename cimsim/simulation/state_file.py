"""The file by which commands find a running server: one for each, in the folder ``servers`` of the state folder.

A server holds a lock on its file for as long as it lives, whatever ends it; a file without that lock is stale. The number of a
process says less: it may be another one's by now, or be seen from another container.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from twisted.logger import Logger

from cimsim.simulation.running_servers import FOLDER, lock

_FOLDER_MODE: Final = 0o700
_MODE: Final = 0o600


class StateFile:
    """The file of this server.

    Args:
        state_dir: the state folder; it is made if it is not there.
        pid: the number of the process.
    """

    _log = Logger()

    def __init__(self, state_dir: Path, pid: int) -> None:
        self._path = state_dir / FOLDER / f"{pid}.json"
        self._descriptor: int | None = None

    def write(self, fields: Mapping[str, Any]) -> None:
        """Write the file; a folder that cannot be written is a warning: the server is only harder to find."""
        beside = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            beside.unlink(missing_ok=True)
            self._descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, _MODE)
            lock(self._descriptor)
            os.write(self._descriptor, json.dumps(fields).encode())
            beside.replace(self._path)
        except OSError as error:
            self.remove()
            text = "{path} cannot be written ({reason}): commands need --control to find this server"
            self._log.warn(text, path=str(self._path), reason=error.strerror)

    def remove(self) -> None:
        """Remove it, if it was written."""
        if self._descriptor is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None
