r"""Heads that a connection has brought before: a request with one is recognized by its bytes, and not parsed.

A client sends the same head again and again, but for the length of the body and for one field that its protocol may have for
each request (``Mount.own_field``; CIM-XML: CIMObject). The strategy:

* A head is learned from a segment that holds it whole and in which its request begins, once that was parsed and admitted. What
  it is known by are its bytes without the values of these two fields. So nothing is remembered that depends on these, but
  through ``Mount.admit_alike``.
* These values are plain: digits, and printable ASCII without outer blanks. None can change where a field or the head ends.
* Only the simplest requests are learned: POST with Content-Length on a connection that stays open, no field twice, no Expect,
  no login in several legs.
* A head that is the same to the last byte as one that was recognized lately is not even cut.
* Whatever is not recognized goes to the parser as if this module did not exist, limits included. It is between two requests
  then, and stays there while others are recognized.
* Who asks is found out for each request anew.
"""

import re
from typing import Any, Final

import msgspec

from cimsim.server.head import Head
from cimsim.server.replies import Connection

END: Final = b"\r\n\r\n"
_MAX_KNOWN: Final = 16
_MAX_MET: Final = 16
_MAX_MET_LENGTH: Final = 1024
_MAX_DIGITS: Final = 5
_BASIC: Final = b"basic"
_VALUES: Final = slice(2, None, 3)
"""Where the values lie among the parts of a head: what is before, name, value, what is between, name, value, what is after."""


class KnownHead(msgspec.Struct, frozen=True):
    """A head that was admitted: what ``HttpRequest`` has of it, and which of the values is that of Content-Length, 0 or 1."""

    head: Head
    admitted: Any
    connection: Connection
    length_at: int


class RecognizedHead(msgspec.Struct, frozen=True):
    """A request whose head is known: the head, what its mount admits, and where its body begins and ends in the segment."""

    head: Head
    admitted: Any
    connection: Connection
    begin: int
    end: int


class KnownHeads:
    """The heads of one connection.

    Args:
        max_length: of a head.
        max_body: what a body may have.
    """

    __slots__ = ("_cut", "_known", "_max_body", "_max_length", "_met")

    def __init__(self, max_length: int, max_body: int) -> None:
        self._max_length = max_length
        self._max_body = max_body
        self._known: dict[tuple[bytes, ...], KnownHead] = {}
        self._met: dict[bytes, RecognizedHead] = {}
        self._cut: re.Pattern[bytes] | None = None

    def recognized(self, data: bytes) -> RecognizedHead | None:
        """Return what is known of the request that a segment begins with; None: it must be parsed."""
        cut = self._cut
        begin = data.find(END) + len(END)
        if cut is None or not len(END) <= begin <= self._max_length:
            return None
        head = data[:begin]
        recognized = self._met.get(head)
        if recognized is None:
            recognized = self._recognized(cut, head)
            if recognized is not None and begin <= _MAX_MET_LENGTH:
                if len(self._met) >= _MAX_MET:
                    self._met.clear()
                self._met[head] = recognized
        return recognized

    def _recognized(self, cut: re.Pattern[bytes], head: bytes) -> RecognizedHead | None:
        parts = cut.split(head)
        values = parts[_VALUES]
        del parts[_VALUES]
        known = self._known.get(tuple(parts))
        if known is None:
            return None
        length = values[known.length_at]
        if not length.isdigit() or len(length) > _MAX_DIGITS or (size := int(length)) > self._max_body:
            return None
        admitted = known.admitted
        if len(values) > 1:
            admitted = known.head.mount.admit_alike(admitted, values[1 - known.length_at])
        return RecognizedHead(known.head, admitted, known.connection, len(head), len(head) + size)

    def learn(self, data: bytes, head: Head, admitted: Any, connection: Connection) -> None:
        """Know the head that a segment begins with from now on, if it is one of the simplest; it was admitted."""
        values = head.values
        own_field = head.mount.own_field
        begin = data.find(END) + len(END)
        if (
            own_field is None
            or not connection.keep
            or head.repeated
            or b"expect" in values
            or not values.get(b"authorization", _BASIC).lower().startswith(_BASIC)
            or b"upgrade" in values
            or b"transfer-encoding" in values
            or begin + int(values.get(b"content-length", b"0")) < len(data)
        ):
            return
        if self._cut is None:
            self._cut = _cut_at(own_field)
        parts = self._cut.split(data[:begin])
        names = [part.lower() for part in parts[1::3]]
        if names != [b"content-length"] and not (
            own_field and len(names) == 2 and set(names) == {b"content-length", own_field}
        ):
            return
        # A field may go on in the next line.
        if any(values[name] != value for name, value in zip(names, parts[_VALUES], strict=True)):
            return
        del parts[_VALUES]
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[tuple(parts)] = KnownHead(head, admitted, connection, names.index(b"content-length"))


def _cut_at(own_field: bytes) -> re.Pattern[bytes]:
    names = b"|".join([b"Content-Length", *([re.escape(own_field)] if own_field else [])])
    return re.compile(rb"\r\n((?i:%b)):[ ]?([!-~](?:[ -~]*[!-~])?)(?=\r\n)" % names)
