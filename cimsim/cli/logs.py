"""Where the log goes: lines on standard error."""

import sys

from twisted.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)


def log_to_stderr(least: str) -> None:
    """Send log lines of at least this level (``debug``, ``info``, ``warn``, ``error``) to standard error."""
    predicate = LogLevelFilterPredicate(LogLevel.levelWithName(least))
    observer = FilteringLogObserver(textFileLogObserver(sys.stderr), [predicate])
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
