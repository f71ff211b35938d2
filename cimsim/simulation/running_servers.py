"""Finding the servers that run, by the files that they leave in the state folder; see ``state_file``."""

import json
import sys
from pathlib import Path
from typing import Final

import msgspec

FOLDER: Final = "servers"
"""In the state folder."""


class RunningServer(msgspec.Struct, frozen=True):
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
            if lock(file.fileno()):
                path.unlink(missing_ok=True)
                return None
            fields = json.load(file)
        return RunningServer(int(fields["pid"]), str(fields["control"]), fields.get("token"), tuple(fields["urls"]))
    except (OSError, ValueError, KeyError, TypeError):
        # Somebody else's, or gone by now.
        return None


def lock(descriptor: int) -> bool:
    """Lock a file until it is closed; False if another server holds it, or there are no such locks here."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
