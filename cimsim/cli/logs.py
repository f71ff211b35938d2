"""Where the log goes: lines on standard error."""

import re
import sys
from typing import Any, Final, TextIO

from twisted.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)

_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def log_to_stderr(least: str) -> None:
    """Send log lines of at least this level (``debug``, ``info``, ``warn``, ``error``) to standard error."""
    globalLogBeginner.beginLoggingTo([observer(sys.stderr, least)], redirectStandardIO=False)


def observer(stream: TextIO, least: str) -> Any:
    """Return what writes events of at least this level as lines; none can pass for two, or for another's (rule SEC12).

    The lines of one event after its first are indented, and control characters are escaped, whoever they came from.
    """
    # Typed as Any, since mypy does not see which zope interfaces these implement.
    printable: Any = _Printable(stream)
    lines: Any = textFileLogObserver(printable)
    predicate: Any = LogLevelFilterPredicate(LogLevel.levelWithName(least))
    return FilteringLogObserver(lines, [predicate])


class _Printable:
    """A text stream on which control characters are escaped, but for line ends and tabs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write a text."""
        self._stream.write(_CONTROL.sub(lambda found: ascii(found[0])[1:-1], text))

    def flush(self) -> None:
        """Pass on what is buffered."""
        self._stream.flush()
