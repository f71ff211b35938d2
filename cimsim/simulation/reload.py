"""Loading packs again when their files change, while the server runs.

The new world takes the place of the old one at once, with all providers and settings; instances that clients made are gone, as
after a start. Packs that cannot be loaded change nothing: the log says why, and the next edit is tried again. Loading takes
long, and is done in another thread than the reactor's: clients are answered meanwhile.
"""

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from cimsim.packs.load import Loaded
from cimsim.packs.modules import modules_kept
from cimsim.packs.pack_errors import PackError

_SECONDS: Final = 0.25
"""How often files are looked at. A change counts once it is the same at two looks: editors write in several steps."""
_SUFFIXES: Final = frozenset({".toml", ".mof", ".py", ".zip"})

_Signature = frozenset[tuple[str, int, int]]


class Reloader:
    """Watches the files of packs.

    Args:
        reactor: the times between two looks are real, whatever the clock of the CIMOM does.
        run: carries work out where nobody waits for it, and returns a Deferred for what it returns or raises.
        load: loads the packs, in any thread; raises PackError.
        renew: takes what was loaded into use.
        loaded: what is in use.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        run: Callable[[Callable[[], Loaded]], "Deferred[Loaded]"],
        load: Callable[[], Loaded],
        renew: Callable[[Loaded], None],
        loaded: Loaded,
    ) -> None:
        self._run = run
        self._load = load
        self._renew = renew
        self._paths = [pack.path for pack in loaded.packs]
        self._known = self._changed = _signature(self._paths)
        self._looking = LoopingCall(self.look)
        self._looking.clock = reactor

    def start(self) -> None:
        """Begin to look."""
        self._looking.start(_SECONDS, now=False)

    def stop(self) -> None:
        """Look no longer."""
        if self._looking.running:
            self._looking.stop()

    def look(self) -> "Deferred[None] | None":
        """Load the packs if their files have changed and change no more; the next look is after that."""
        now = _signature(self._paths)
        settled, self._changed = now == self._changed, now
        if now == self._known or not settled:
            return None
        self._known = now
        return self._run(self._loaded).addCallback(self._take).addErrback(self._failed)

    def _loaded(self) -> Loaded:
        with modules_kept():
            return self._load()

    def _failed(self, failure: Failure) -> None:
        if isinstance(failure.value, PackError):
            self.log.error("not reloaded, the packs are as before: {error}", error=str(failure.value))
        else:
            # The next edit is tried, whatever came of this one.
            self.log.failure("not reloaded, the packs are as before", failure)

    def _take(self, loaded: Loaded) -> None:
        if not self._looking.running:
            return
        self._renew(loaded)
        paths = [pack.path for pack in loaded.packs]
        if paths != self._paths:
            self._paths = paths
            self._known = self._changed = _signature(paths)
        names = ", ".join(pack.name for pack in loaded.packs)
        self.log.warn("reloaded {packs}", packs=names)  # noqa: G010 - Twisted's name


def _signature(paths: Collection[Path]) -> _Signature:
    """Return what differs once any file of packs has changed: its path, time of change and size."""
    found = []
    for file in _files(paths):
        try:
            status = file.stat()
        except OSError:
            continue
        found.append((os.fspath(file), status.st_mtime_ns, status.st_size))
    return frozenset(found)


def _files(paths: Collection[Path]) -> Iterator[Path]:
    """Yield the files of packs: all those of a folder, and what lies beside a plain file, which may include it."""
    for path in dict.fromkeys(path if path.is_dir() else path.parent for path in paths):
        whole = any(each == path for each in paths)
        for directory, folders, names in os.walk(path):
            folders[:] = [name for name in folders if whole and not name.startswith((".", "__"))]
            yield from (file for name in names if (file := Path(directory, name)).suffix in _SUFFIXES)
