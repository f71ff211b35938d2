"""Where the log goes: lines on standard error."""

import sys
from typing import Any

from twisted.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)


def log_to_stderr(least: str) -> None:
    """Send log lines of at least this level (``debug``, ``info``, ``warn``, ``error``) to standard error."""
    # Typed as Any, since mypy does not see which zope interfaces these implement.
    lines: Any = textFileLogObserver(sys.stderr)
    predicate: Any = LogLevelFilterPredicate(LogLevel.levelWithName(least))
    observer: Any = FilteringLogObserver(lines, [predicate])
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
