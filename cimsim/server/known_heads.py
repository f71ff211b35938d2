r"""Heads that a connection has brought before: a request with one is recognized by its bytes, and not parsed.

A client sends the same head again and again, but for the length of the body and for one field that its protocol may have for
each request (``Mount.own_field``; CIM-XML: CIMObject). The strategy:

* A head is learned from a segment that holds it whole and in which its request begins, once that was parsed and admitted. What
  it is known by are its bytes without the values of these two fields. So nothing is remembered that depends on these, but
  through ``Mount.admit_alike``.
* These values are plain: digits, and printable ASCII without outer blanks. None can change where a field or the head ends.
* Only the simplest requests are learned: POST with Content-Length on a connection that stays open, no field twice, no Expect.
* Whatever is not recognized goes to the parser as if this module did not exist, limits included. It is between two requests
  then, and stays there while others are recognized.
* Who asks is found out for each request anew.
"""

import re
from typing import Any, Final, NamedTuple

import msgspec

from cimsim.server.head import Head
from cimsim.server.replies import Connection

END: Final = b"\r\n\r\n"
_MAX_KNOWN: Final = 16
_MAX_DIGITS: Final = 5
_ONE_FIELD: Final = 4
"""Parts of a head that is cut at Content-Length alone: before, name, value, after."""
_TWO_FIELDS: Final = 7


class KnownHead(msgspec.Struct, frozen=True):
    """A head that was admitted: what ``HttpRequest`` has of it, and where the value of Content-Length lies among the parts."""

    head: Head
    admitted: Any
    connection: Connection
    length_at: int


class RecognizedHead(NamedTuple):
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

    __slots__ = ("_cut", "_known", "_max_body", "_max_length")

    def __init__(self, max_length: int, max_body: int) -> None:
        self._max_length = max_length
        self._max_body = max_body
        self._known: dict[tuple[bytes, ...], KnownHead] = {}
        self._cut: re.Pattern[bytes] | None = None

    def recognized(self, data: bytes) -> RecognizedHead | None:
        """Return what is known of the request that a segment begins with; None: it must be parsed."""
        cut = self._cut
        begin = data.find(END) + len(END)
        if cut is None or not len(END) <= begin <= self._max_length:
            return None
        parts = cut.split(data[:begin])
        known = self._known.get(_key(parts))
        if known is None:
            return None
        length = parts[known.length_at]
        if not length.isdigit() or len(length) > _MAX_DIGITS or int(length) > self._max_body:
            return None
        admitted = known.admitted
        if len(parts) == _TWO_FIELDS:
            admitted = known.head.mount.admit_alike(admitted, parts[_other(known.length_at)])
        return RecognizedHead(known.head, admitted, known.connection, begin, begin + int(length))

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
            or b"upgrade" in values
            or b"transfer-encoding" in values
            or begin + int(values.get(b"content-length", b"0")) < len(data)
        ):
            return
        if self._cut is None:
            self._cut = _cut_at(own_field)
        parts = self._cut.split(data[:begin])
        names = [part.lower() for part in parts[1::3]]
        if names.count(b"content-length") != 1 or names.count(own_field) != len(names) - 1 or len(parts) > _TWO_FIELDS:
            return
        length_at = 2 + 3 * names.index(b"content-length")
        # A field may go on in the next line.
        if any(values[name] != value for name, value in zip(names, parts[2::3], strict=True)):
            return
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[_key(parts)] = KnownHead(head, admitted, connection, length_at)


def _cut_at(own_field: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"\r\n((?i:Content-Length|%b)):[ ]?([!-~](?:[ -~]*[!-~])?)(?=\r\n)" % re.escape(own_field))


def _key(parts: list[bytes]) -> tuple[bytes, ...]:
    """Return the parts of a head without the values."""
    if len(parts) == _TWO_FIELDS:
        before, name, _, between, other, _, after = parts
        return before, name, between, other, after
    return (parts[0], parts[1], parts[3]) if len(parts) == _ONE_FIELD else (b"",)


def _other(place: int) -> int:
    """Return where the other value lies."""
    return _ONE_FIELD + 3 - place
