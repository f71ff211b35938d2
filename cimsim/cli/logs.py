"""Where the log goes: lines on standard error, as text or as JSON."""

import json
import re
import sys
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from twisted.logger import (
    FilteringLogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    formatEvent,
    globalLogBeginner,
    textFileLogObserver,
)

_CONTROL: Final = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]"


def log_to_stderr(least: str, form: str = "text") -> None:
    """Send log lines of at least this level (``debug``, ``info``, ``warn``, ``error``) to standard error.

    ``form`` is ``text``, or ``json``: an object a line.
    """
    make = json_observer if form == "json" else observer
    globalLogBeginner.beginLoggingTo([make(sys.stderr, least)], redirectStandardIO=False)


def observer(stream: TextIO, least: str) -> Any:
    """Return what writes events of at least this level as lines; none can pass for two, or for another's (rule SEC12).

    The lines of one event after its first are indented, and control characters are escaped, whoever they came from.
    """
    # Typed as Any, since mypy does not see which zope interfaces these implement.
    printable: Any = _Printable(stream)
    lines: Any = textFileLogObserver(printable)
    return _filtered(lines, least)


def json_observer(stream: TextIO, least: str) -> Any:
    """Return what writes events of at least this level as JSON objects, one a line.

    Each has ``time`` (ISO 8601, UTC), ``level``, ``logger`` and ``message``; that of a failure ``traceback``; that of a request
    ``exchange``, whose keys are those of ``cimom.exchanges.Exchange.fields``.
    """

    def write(event: LogEvent) -> None:
        # ASCII only, so that no character of a client can end the line (rule SEC12).
        stream.write(json.dumps(_entry(event), default=str) + "\n")
        stream.flush()

    return _filtered(write, least)


def _entry(event: LogEvent) -> dict[str, Any]:
    level = event.get("log_level")
    entry = {
        "time": datetime.fromtimestamp(event["log_time"], UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": "info" if level is None else level.name,
        "logger": event.get("log_namespace"),
        "message": formatEvent(event),
    }
    if "log_failure" in event:
        entry["traceback"] = event["log_failure"].getTraceback()
    if "exchange" in event:
        entry["exchange"] = event["exchange"]
    return entry


def _filtered(target: Any, least: str) -> Any:
    predicate: Any = LogLevelFilterPredicate(LogLevel.levelWithName(least))
    return FilteringLogObserver(target, [predicate])


class _Printable:
    """A text stream on which control characters are escaped, but for line ends and tabs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write a text."""
        self._stream.write(re.sub(_CONTROL, lambda found: ascii(found[0])[1:-1], text))

    def flush(self) -> None:
        """Pass on what is buffered."""
        self._stream.flush()
