"""Safe XML parsing: bytes to an element tree without entities, DTDs or network (rules SEC1, SEC3, T4).

libxml2 expands internal entities in attributes whatever it is told, so a document type declaration never reaches it: one with
an internal subset is refused, one with an external identifier is blanked out, and any entity reference is then an error.
"""

import re
from threading import Thread
from typing import Any, Final

from lxml import etree

from cimsim.cimxml.limits import Limits
from cimsim.cimxml.message import REQUEST_NOT_VALID, REQUEST_NOT_WELL_FORMED, MessageError
from cimsim.cimxml.vocabulary import may_have_strange_names

Element = Any
"""An ``lxml.etree._Element``; lxml carries no type information."""

_PROLOG: Final = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s++|<\?(?:[^?]|\?(?!>))*+\?>|<!--(?:[^-]|-(?!->))*+-->)*+")
_ROOT: Final = re.compile(rb"<[A-Za-z_:\x80-\xff]")
_DOCTYPE: Final = re.compile(rb"""<!DOCTYPE\s++[^\s\[>"']++(?:\s++(?:"[^"]*+"|'[^']*+'|[^\s\["'<>]++))*+\s*+>""")


_SMALL: Final = 64 * 1024
"""Documents beyond it are not searched for strange names: a thread costs less."""
_MOST_SPOILT: Final = 16 * 1024 * 1024


class XmlParser:
    """Parses documents. Not for use by several threads at once.

    A document with strange names costs memory that only the end of its thread gives back (see ``vocabulary``). Looking for them
    takes as long as parsing, so at first only documents that could hide some are searched; those in which the decoder finds
    some are refused, and after 16 MiB of such (``spoil``) all documents are searched.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        # Without "<" in the set, a body of nothing but "<" would take quadratic time; "<!" begins no tag but may be long text.
        self._long_tag = re.compile(rb"<(?!!)[^<>]{%d}" % limits.tag_length)
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
        limits = self._limits
        if body.count(b"<") > limits.elements or body.count(b"=") > limits.attributes:
            raise MessageError(REQUEST_NOT_VALID, "the message has too many elements or attributes")
        if len(body) > limits.tag_length and self._long_tag.search(body):
            raise MessageError(REQUEST_NOT_VALID, f"the message has a tag of more than {limits.tag_length} bytes")
        if b"<!DOCTYPE" in body:
            body = _without_doctype(body)
        try:
            if len(body) > _SMALL or (self._is_suspicious(body) and may_have_strange_names(body)):
                return _parse_apart(body)
            return etree.fromstring(body, self._parser)
        except etree.XMLSyntaxError as error:
            # Its text as a whole names a file too, and the line once more.
            raise _not_well_formed(error.msg) from None
        except ValueError as error:
            raise _not_well_formed(error) from None

    def _is_suspicious(self, body: bytes) -> bool:
        # These may hold names that the decoder never looks at.
        hides = (
            b"<QUALIFIER" in body
            or b"<CORRELATOR" in body
            or b"xmlns" in body
            or body.count(b"<?") > body.startswith(b"<?xml ")
        )
        return hides or self._spoilt > _MOST_SPOILT


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


def _parse_apart(body: bytes) -> Element:
    """Return the root element of a document, parsed in a thread whose table of names goes with it (see ``vocabulary``)."""
    results: list[Element] = []
    errors: list[Exception] = []

    def parse() -> None:
        try:
            results.append(etree.fromstring(body, _make_parser()))
        except Exception as error:  # noqa: BLE001 - it is raised again where it belongs
            errors.append(error)

    thread = Thread(target=parse)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def _not_well_formed(reason: object) -> MessageError:
    return MessageError(REQUEST_NOT_WELL_FORMED, f"the body is not well-formed XML: {reason}")


def _without_doctype(body: bytes) -> bytes:
    """Return the document with a document type declaration that refers to nothing but an external DTD blanked out.

    Raises:
        MessageError: request-not-well-formed (rule SEC1) for any other.
    """
    prolog = _PROLOG.match(body)
    start = prolog.end() if prolog else 0
    if _ROOT.match(body, start):
        # Wherever the text stands, it is none in the prolog.
        return body
    declaration = _DOCTYPE.match(body, start)
    if declaration is None:
        raise MessageError(REQUEST_NOT_WELL_FORMED, "a document type declaration may name an external DTD, no more")
    end = declaration.end()
    return b"%b%b%b" % (body[:start], b" " * (end - start), body[end:])
