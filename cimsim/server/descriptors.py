"""Noticing that the process has no file descriptors left: then connections are refused, and nobody would know why."""

import os
from collections.abc import Callable
from errno import EMFILE, ENFILE
from typing import Final

from twisted.logger import Logger

_QUIET: Final = 10.0
"""Seconds between two lines of the log about it."""


class Descriptors:
    """Looks whether there are file descriptors left.

    Args:
        seconds: returns the time.
        probe: takes a descriptor and gives it back; raises OSError when there is none.
    """

    log = Logger()

    def __init__(self, seconds: Callable[[], float], probe: Callable[[], None] | None = None) -> None:
        self._seconds = seconds
        self._probe = probe or _probe
        self._last = -_QUIET

    def check(self) -> None:
        """Write an error to the log if no descriptor is left, at most once in ten seconds."""
        try:
            self._probe()
        except OSError as error:
            now = self._seconds()
            if error.errno in (EMFILE, ENFILE) and now - self._last >= _QUIET:
                self._last = now
                reason = os.strerror(error.errno)
                text = "no file descriptors are left ({reason}): new connections are refused; raise the limit (ulimit -n)"
                self.log.error(text, reason=reason)


def _probe() -> None:
    os.close(os.open(os.curdir, os.O_RDONLY))
