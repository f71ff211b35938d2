"""The documents that come with cimsim: its pages, and those of the packs that are loaded."""

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Final, NamedTuple

from cimsim.control.api_errors import ControlError
from cimsim.control.conformance import rules
from cimsim.control.service_messages import (
    Document,
    DocumentList,
    DocumentsQuery,
    DocumentState,
    RuleList,
    RuleState,
)
from cimsim.simulation.controlled_cimom import ControlledCimom
from cimsim.world.names import nearest

_PAGES: Final = "docs"
_SUFFIX: Final = ".md"
_README: Final = "README.md"
_OF_PACK: Final = "pack-"
"""Begins the name of the document of a pack."""
_TITLE: Final = re.compile(r"^# +(.+?) *#*$", re.MULTILINE)
_BEFORE: Final = 60
_AROUND: Final = 200
_MAX_SEARCH: Final = 200


class _Text(NamedTuple):
    name: str
    title: str
    text: str


def conformance(_: ControlledCimom) -> RuleList:
    """Return the rules that the simulator is held to."""
    return RuleList([RuleState(each.identifier, each.text, each.source, each.status.value) for each in rules()])


def documents(controlled: ControlledCimom, query: DocumentsQuery) -> DocumentList:
    """Return the documents, or those that have a text in any spelling; raises ControlError, 400, for a text too long."""
    if query.search is None:
        return DocumentList([DocumentState(each.name, each.title) for each in _texts(controlled)])
    if len(query.search) > _MAX_SEARCH:
        raise ControlError(400, f"search: a text of at most {_MAX_SEARCH} characters is expected", "search")
    wanted = " ".join(query.search.lower().split())
    found = []
    for each in _texts(controlled):
        plain = " ".join(each.text.split())
        place = plain.lower().find(wanted) if wanted else -1
        if place >= 0:
            start = max(0, place - _BEFORE)
            found.append(DocumentState(each.name, each.title, plain[start : start + _AROUND]))
    return DocumentList(found)


def document(controlled: ControlledCimom, name: str) -> Document:
    """Return the document of a name; raises ControlError, 404, if there is none."""
    known = {each.name: each for each in _texts(controlled)}
    if name not in known:
        close = nearest(name, known) or ""
        hint = f"did you mean {close}?" if close else f"there are: {', '.join(known)}"
        raise ControlError(404, f"there is no document {name}; {hint}", "name", close)
    return Document(*known[name])


def page_text(name: str) -> str:
    """Return the text of a page about cimsim."""
    return files("cimsim").joinpath(f"{_PAGES}/{name}{_SUFFIX}").read_text(encoding="utf-8")


def _texts(controlled: ControlledCimom) -> Iterator[_Text]:
    pages = files("cimsim").joinpath(_PAGES).iterdir()
    for name in sorted(each.name.removesuffix(_SUFFIX) for each in pages if each.name.endswith(_SUFFIX)):
        yield _text(name, page_text(name))
    for pack in () if controlled.loaded is None else controlled.loaded.packs:
        page = pack.path / _README
        try:
            text = page.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        yield _text(f"{_OF_PACK}{pack.name}", text)


def _text(name: str, text: str) -> _Text:
    title = _TITLE.search(text)
    return _Text(name, title[1] if title else name, text)
