"""The log on standard error."""

import io
import json

import pytest
from twisted.logger import Logger

from cimsim.cli.logs import json_observer, observer

FORGED = "x\n2026-01-01T00:00:00+0000 [forged#info] eve logged in"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\x1b[2K", "\u2028", "\x85"])
def test_sec12_no_name_forges_a_line(ending: str) -> None:
    text = io.StringIO()
    log = Logger("cimsim", observer=observer(text, "info"))
    log.error("{name} is unknown", name=FORGED.replace("\n", ending))
    first, *further = text.getvalue().removesuffix("\n").split("\n")
    assert "cimsim#error" in first
    assert all(line.startswith("\t") for line in further)
    assert not set("\r\x1b\u2028\x85") & set(text.getvalue())


def test_events_below_the_level_are_not_written() -> None:
    text = io.StringIO()
    log = Logger("cimsim", observer=observer(text, "warn"))
    log.info("nothing of interest")
    log.error("something")
    assert text.getvalue().count("\n") == 1


def entries(text: io.StringIO) -> list[dict[str, object]]:
    """Return the objects of a log, one a line."""
    return [json.loads(line) for line in text.getvalue().splitlines()]


def test_a_log_in_json_has_an_object_a_line() -> None:
    text = io.StringIO()
    log = Logger("cimsim", observer=json_observer(text, "info"))
    log.debug("below the level")
    log.info("{line}", line="eve asked", exchange={"user": "eve", "milliseconds": 1.5})
    try:
        raise KeyError("Onn")
    except KeyError:
        log.failure("it failed")
    first, second = entries(text)
    assert (first["level"], first["logger"], first["message"]) == ("info", "cimsim", "eve asked")
    assert first["exchange"] == {"user": "eve", "milliseconds": 1.5}
    assert str(first["time"]).endswith("Z")
    assert "KeyError: 'Onn'" in str(second["traceback"])


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\x1b[2K", "\u2028", "\x85", "\udc80"])
def test_sec12_no_name_forges_an_object(ending: str) -> None:
    text = io.StringIO()
    log = Logger("cimsim", observer=json_observer(text, "info"))
    log.error("{name} is unknown", name=FORGED.replace("\n", ending))
    assert text.getvalue().isascii()
    (entry,) = entries(text)
    assert ending in str(entry["message"])
