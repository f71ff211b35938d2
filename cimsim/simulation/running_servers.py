"""Finding the servers that run, by the files that they leave in the state folder; see ``state_file``."""

import fcntl
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = "servers"
"""In the state folder."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that was found.

    Attributes:
        pid: of its process.
        control: the URL of its control plane.
        token: that it demands; None: none.
        urls: of the ports of its first CIMOM.
    """

    pid: int
    control: str
    token: str | None
    urls: tuple[str, ...]


def running_servers(state_dir: Path) -> list[RunningServer]:
    """Return the servers that left a file in a state folder and run, in the order of their processes; remove stale files."""
    found = [server for path in (state_dir / FOLDER).glob("*.json") if (server := _read(path)) is not None]
    return sorted(found, key=lambda each: each.pid)


def _read(path: Path) -> RunningServer | None:
    try:
        with path.open("r+", encoding="utf-8") as file:
            if not _is_locked(file.fileno()):
                path.unlink(missing_ok=True)
                return None
            fields = json.load(file)
        return RunningServer(int(fields["pid"]), str(fields["control"]), fields.get("token"), tuple(fields["urls"]))
    except (OSError, ValueError, KeyError, TypeError):
        # Somebody else's, or gone by now.
        return None


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
