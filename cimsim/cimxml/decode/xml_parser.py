"""Safe XML parsing: bytes to an element tree without entities, DTDs or network (rules SEC1, SEC3, T4).

libxml2 expands internal entities in attributes whatever its options say, so a document type declaration never reaches it. It
can stand only before the root element, so what stands there is read here: white space, comments, processing instructions and
at most one declaration, which may name an external DTD, no more, and is blanked out. Whatever else stands there is refused.
After the root element has begun, libxml2 takes none, and any entity reference is an error.

Large documents are looked at and parsed slice by slice, so that the first fault ends the work, and a thread that does so lets
others run in between.
"""

import re
from collections.abc import Callable
from functools import cache
from threading import Thread, current_thread
from typing import Any, Final, TypeVar

from lxml import etree

from cimsim.cimxml.decode.known_names import may_have_strange_names
from cimsim.cimxml.decode.message_limits import MessageLimits
from cimsim.cimxml.message import REQUEST_NOT_VALID, REQUEST_NOT_WELL_FORMED, MessageError

T = TypeVar("T")
Element = Any
"""An ``lxml.etree._Element``; lxml carries no type information."""


@cache
def _prolog() -> re.Pattern[bytes]:
    return re.compile(rb"(?:\xef\xbb\xbf)?(?:\s++|<\?(?:[^?]|\?(?!>))*+\?>|<!--(?:[^-]|-(?!->))*+-->)*+")


_ROOT: Final = re.compile(rb"<[A-Za-z_:\x80-\xff]")
_PLAIN: Final = re.compile(rb"(?:<\?xml[^?<>]*+\?>)?\s*+<[A-Za-z_:\x80-\xff]")
"""How almost every document begins: nothing but the XML declaration before the root element."""


@cache
def _doctype() -> re.Pattern[bytes]:
    return re.compile(rb"""<!DOCTYPE\s++[^\s\[>"']++(?:\s++(?:"[^"]*+"|'[^']*+'|[^\s\["'<>]++))*+\s*+>""")


_SMALL: Final = 64 * 1024
"""Documents beyond it are not searched for strange names: a thread costs less."""
_MAX_PROLOG: Final = 64 * 1024
"""How much may stand before the root element, before and after a document type declaration."""
_SLICE: Final = 64 * 1024
_MAX_SPOILT: Final = 16 * 1024 * 1024


class XmlParser:
    """Parses documents. Not for use by several threads at once.

    A document with strange names costs memory that only the end of its thread gives back (see ``known_names``). To look for
    them takes as long as parsing, so at first only documents that could hide some are searched. The decoder refuses those in
    which it finds some; after 16 MiB of such (``spoil``) all documents are searched.
    """

    def __init__(self, limits: MessageLimits) -> None:
        self._limits = limits
        # No document of this length can be over them.
        self._unchecked = min(_SMALL, limits.elements, limits.attributes, limits.references, limits.tag_length)
        self._parser = _make_parser()
        self._spoilt = 0

    def spoil(self, length: int) -> None:
        """Note that a document of so many bytes was refused."""
        self._spoilt += length

    def parse(self, body: bytes) -> Element:
        """Return the root element of a document.

        Raises:
            MessageError: request-not-well-formed (rules HE6, H35), or request-not-valid for one over the limits.
        """
        if not _PLAIN.match(body, 0, _MAX_PROLOG):
            body = _without_doctype(body)
        if len(body) > self._unchecked:
            self._check_counts(body)
        try:
            if len(body) > _SMALL:
                return apart(lambda: self._parse_slices(body))
            if self._is_suspicious(body) and may_have_strange_names(body):
                return apart(lambda: etree.fromstring(body, _make_parser()))
            return etree.fromstring(body, self._parser)
        except etree.XMLSyntaxError as error:
            # Its text as a whole names a file too, and the line once more.
            raise _not_well_formed(error.msg) from None
        except ValueError as error:
            raise _not_well_formed(error) from None

    def _parse_slices(self, body: bytes) -> Element:
        """Return the root element of a large document."""
        parser = _make_parser()
        for start in range(0, len(body), _SLICE):
            parser.feed(bytes(body[start : start + _SLICE]))
        return parser.close()

    def _check_counts(self, body: bytes) -> None:
        """Refuse a document that is over the limits, before anything is built of it."""
        limits = self._limits
        elements = attributes = references = tag = 0
        # A tag over the limit spans the whole of a slice, so that none is overlooked.
        step = min(_SLICE, limits.tag_length // 2)
        for start in range(0, len(body), step):
            end = min(start + step, len(body))
            elements += body.count(b"<", start, end)
            attributes += body.count(b"=", start, end)
            references += body.count(b"&", start, end)
            if elements > limits.elements or attributes > limits.attributes or references > limits.references:
                raise MessageError(REQUEST_NOT_VALID, "the message has too many elements, attributes or references")
            opened, closed = body.rfind(b"<", start, end), body.rfind(b">", start, end)
            if opened > closed:
                # "<!" begins no tag but may be long text.
                tag = len(body) if body.startswith(b"<!", opened) else opened
            elif closed >= 0:
                tag = len(body)
            if end - tag > limits.tag_length:
                raise MessageError(REQUEST_NOT_VALID, f"the message has a tag of more than {limits.tag_length} bytes")

    def _is_suspicious(self, body: bytes) -> bool:
        # These may hold names that the decoder never looks at.
        hides = (
            b"<QUALIFIER" in body
            or b"<CORRELATOR" in body
            or b"xmlns" in body
            or body.count(b"<?") > body.startswith(b"<?xml ")
        )
        return hides or self._spoilt > _MAX_SPOILT


def _make_parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        strip_cdata=True,
    )


def apart(work: Callable[[], T]) -> T:
    """Return what some work returns, done in a thread whose table of names goes with it (see ``known_names``).

    Within such a thread it is done at once.
    """
    if isinstance(current_thread(), ParserThread):
        return work()
    results: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001 - it is raised again where it belongs
            errors.append(error)

    thread = ParserThread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


class ParserThread(Thread):
    """A thread for one document."""


def _not_well_formed(reason: object) -> MessageError:
    return MessageError(REQUEST_NOT_WELL_FORMED, f"the body is not well-formed XML: {reason}")


def _without_doctype(body: bytes) -> bytes:
    """Return the document with a document type declaration that refers to nothing but an external DTD blanked out.

    Raises:
        MessageError: request-not-well-formed (rule SEC1) for any other, for a second one, and for whatever else stands before
            the root element without belonging there.
    """
    start = _after_prolog(body, 0)
    declaration = _doctype().match(body, start, start + _MAX_PROLOG)
    if declaration is not None:
        end = declaration.end()
        body = b"%b%b%b" % (body[:start], b" " * (end - start), body[end:])
        start = _after_prolog(body, end)
    if _ROOT.match(body, start) is None:
        raise _not_well_formed(_misplaced(body, start, second=declaration is not None))
    return body


def _after_prolog(body: bytes, start: int) -> int:
    prolog = _prolog().match(body, start, start + _MAX_PROLOG)
    return prolog.end() if prolog else start


def _misplaced(body: bytes, start: int, *, second: bool) -> str:
    if start >= _MAX_PROLOG:
        return f"more than {_MAX_PROLOG} bytes stand before its first element"
    if body.startswith(b"<!DOCTYPE", start):
        text = "a document type declaration may name an external DTD, no more"
        return "there are two document type declarations" if second else text
    return "it does not begin with an element" if start < len(body) else "there is no element in it"
