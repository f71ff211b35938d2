"""The rules that the simulator is held to, as the page ``cimsim/docs/conformance.md`` lists them."""

import re
from collections.abc import Iterator
from enum import Enum
from importlib.resources import files
from typing import Final

import msgspec

_CELL: Final = re.compile(r"(?<!\\)\|")
_IDENTIFIER: Final = re.compile(r"(?:[A-Z]+-)*[A-Z]+-?[0-9]+")
_COLUMNS: Final = 4


class Status(Enum):
    """What becomes of a rule; the value is what the page says."""

    SUPPORTED = "supported"
    INFORMATIONAL = "informational"
    UNCONFIRMED = "unconfirmed"
    LATER = "later"


class Rule(msgspec.Struct, frozen=True):
    """A rule of the page.

    Attributes:
        identifier: by which docstrings and tests cite it, such as ``HC10``.
        text: what it demands, as Markdown.
        source: where it comes from, in the words that the page explains.
        status: whether the simulator does it.
    """

    identifier: str
    text: str
    source: str
    status: Status


def rules() -> list[Rule]:
    """Return the rules in the order of the page."""
    return list(parse(files("cimsim").joinpath("docs/conformance.md").read_text(encoding="utf-8")))


def parse(page: str) -> Iterator[Rule]:
    """Yield the rules of a page: the rows of its tables that begin with an identifier.

    Raises:
        ValueError: a row has another number of columns, or a status that does not exist.
    """
    for line in page.splitlines():
        cells = [cell.strip() for cell in _CELL.split(line)[1:-1]]
        if not cells or not _IDENTIFIER.fullmatch(cells[0]):
            continue
        if len(cells) != _COLUMNS:
            raise ValueError(f"rule {cells[0]} has {len(cells)} columns, not {_COLUMNS}")
        identifier, text, source, status = cells
        yield Rule(identifier, text, source, Status(status))
