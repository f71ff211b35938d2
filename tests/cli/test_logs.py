"""The log on standard error."""

import io

import pytest
from twisted.logger import Logger

from cimsim.cli.logs import observer

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
