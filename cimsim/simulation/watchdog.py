"""A thread that reports when one request or step holds the reactor's thread, and where: providers are other people's code."""

import sys
import threading
import traceback
from types import FrameType
from typing import Final

from twisted.logger import Logger

from cimsim.cimom.object_manager import Cimom
from cimsim.packs.modules import PACK_MODULES
from cimsim.world.agenda import Wait

_LOOKS: Final = 4
"""How often it looks within the time after which it speaks."""


class Watchdog:
    """Looks at what a CIMOM is doing; the same thing for too long is named in the log, once, and again when it is over.

    Args:
        cimom: the one to watch; nothing of it is changed, only ``doing`` and ``turn`` are read.
        seconds: how long a request or a step may take.
        thread: the identifier of the thread that carries them out.
    """

    log = Logger()

    def __init__(self, cimom: Cimom, seconds: float, thread: int) -> None:
        self._cimom = cimom
        # No event can be waited for any longer.
        self._seconds = min(seconds, threading.TIMEOUT_MAX)
        self._thread_watched = thread
        self._seen: object = None
        self._seen_turn = -1
        self._looks = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no longer."""
        self._over.set()

    def look(self) -> None:
        """Look once, and log what was seen as often as it takes, or that it is over."""
        turn, doing = self._cimom.turn, self._cimom.doing
        if doing is not None and doing is self._seen and turn == self._seen_turn:
            self._looks += 1
            if self._looks == _LOOKS:
                self._report(doing)
            return
        if self._looks >= _LOOKS:
            self.log.warn("{name} is over", name=_name(self._seen))  # noqa: G010 - Twisted's name
        self._seen, self._seen_turn, self._looks = doing, turn, 0

    def _watch(self) -> None:
        while not self._over.wait(self._seconds / _LOOKS):
            self.look()

    def _report(self, doing: object) -> None:
        frame = sys._current_frames().get(self._thread_watched)
        self.log.error(
            "{name} has been running for {seconds:g} seconds, and nobody is answered meanwhile; it is in {place}",
            name=_name(doing),
            seconds=self._seconds,
            place=_place(frame) if frame is not None else "an unknown place",
        )


def _name(doing: object) -> str:
    if isinstance(doing, Wait):
        return f"the step {getattr(doing.step, '__qualname__', doing.step)}"
    return f"{getattr(doing, 'name', doing)} in {getattr(doing, 'namespace', '')}"


def _place(frame: FrameType) -> str:
    """Return the function and the line: the innermost of a pack, else the innermost of all."""
    inner: FrameType | None = frame
    while inner is not None and not inner.f_globals.get("__name__", "").startswith(PACK_MODULES):
        inner = inner.f_back
    found = inner or frame
    line = traceback.extract_stack(found, 1)[0].lineno
    return f"{found.f_code.co_qualname} ({found.f_code.co_filename}:{line})"
