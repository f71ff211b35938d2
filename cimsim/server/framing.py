"""From segments of bytes to requests: HTTP/1 framing, without a transport.

llhttp splits the stream and refuses what is ambiguous (rule SEC8); this module adds the limits (rule H11) and asks for the
admission of each request when its head is there, so that a request which must fail does so before its body is sent. The
strategy after a refusal:

* When the rest of the request is known to be short, it is read and dropped, and the connection goes on.
* Otherwise nothing that follows can be trusted or is worth waiting for: the reader has *ended*.

llhttp reports nothing of chunk lines: neither how long one is nor what size it announces. Both follow from what it does report:
where the last chunk of a segment begins, and that for a long time none begins.

Whatever happens is queued in the order of the requests, since answers must keep that order (rule H13).
"""

import re
from collections import deque
from typing import Any, Final, cast

import msgspec
from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserInvalidURLError,
    HttpParserUpgrade,
    HttpRequestParser,
)

from cimsim.server.admission import Admission
from cimsim.server.bodies import MAX_SMALL_BODY, Share
from cimsim.server.head import M_POST, OPTIONS, POST, Head, body_length, unknown_method
from cimsim.server.known_heads import KnownHeads, RecognizedHead
from cimsim.server.limits import HttpLimits
from cimsim.server.m_post import as_post, end_of_lines, is_beginning, may_extend
from cimsim.server.mount import Mount
from cimsim.server.replies import CONTINUE, ENDS, Connection, HttpError, connection


class HttpRequest(msgspec.Struct, frozen=True):
    """A request that was admitted and has arrived in full; ``admitted`` is the mount's.

    A long body is a bytearray, which nobody changes any more.
    """

    mount: Mount
    head: Head
    admitted: Any
    body: bytes
    user: str | None
    connection: Connection


class OptionsRequest(msgspec.Struct, frozen=True):
    """A request for the server's capabilities (rule HO1)."""

    mount: Mount
    head: Head
    connection: Connection


class Refused(msgspec.Struct, frozen=True):
    """A request that is answered with a refusal; ``head`` is None where there is no legible one."""

    refusal: HttpError
    connection: Connection
    head: Head | None


Arrival = HttpRequest | OptionsRequest | Refused | bytes
"""What arrives on a connection, in order; bytes are an interim answer to send as they are (rule H12)."""


class _EndedError(Exception):
    """Makes the parser drop the rest of the segment: the reader has ended."""


# Only by these words does llhttp distinguish a wrong version from other malformed lines; should they change, the answer is 400.
_WRONG_VERSION: Final = "Invalid HTTP version"
_MAX_CHUNK_LINE: Final = 4096
_MAX_CHUNK_OVERHEAD: Final = 8
"""Bytes of chunk lines for each byte of a body: one that comes byte by byte needs 5."""
_CHUNK_SIZE: Final = re.compile(rb"[0-9a-fA-F]+")
_METHOD: Final = re.compile(rb"[\r\n]*[!#$%&'*+.^_`|~0-9A-Za-z-]+(?: |\Z)")


class RequestReader:
    """Reads the requests of one connection.

    Attributes:
        reading: a request has begun and is not complete.
        ended: nothing more is read: the last request was one, or framing is lost.
        progress: grows when a request begins and when it is complete (rule SEC4).
    """

    def __init__(self, limits: HttpLimits, admission: Admission, arrivals: deque[Arrival], share: Share) -> None:
        self.reading = False
        self.ended = False
        self.progress = 0
        self._limits = limits
        self._admission = admission
        self._arrivals = arrivals
        self._share = share
        self._segment = b""
        self._line_end = 0
        self._parser: HttpRequestParser | None = HttpRequestParser(self)
        self._held = b""
        self._extended = False
        self._known_heads = KnownHeads(limits.max_header_bytes, min(limits.max_body, MAX_SMALL_BODY))
        self._recognized: tuple[RecognizedHead, bytes] | None = None
        self._begin()

    def _begin(self) -> None:
        self._fields: list[tuple[bytes, bytes]] = []
        self._in_head = False
        self._segments_size = 0
        self._target = b""
        self._fields_size = 0
        self._fields_count = 0
        self._head: Head | None = None
        self._admitted: Any = None
        self._user: str | None = None
        self._connection = ENDS
        self._dropping = False
        self._is_options = False
        self._body: bytes | bytearray = b""
        self._received = 0
        self._counted = 0
        self._chunked = False
        self._chunk_open = False
        self._chunk_begun = False
        self._chunk_size = 0
        self._chunk_line = b""
        self._framing_bytes = 0
        self._quiet = 0
        self._upgrade = False

    def feed(self, data: bytes) -> None:
        """Read a segment, of any length, and queue what arrives with it; never raises for what a client sends."""
        if self.ended:
            return
        if self._recognized is not None:
            data = self._with_rest(*self._recognized, data)
        begins = not (self.reading or self._held)
        if begins:
            recognized = self._known_heads.recognized(data)
            if recognized is not None and self._take(recognized, data):
                return
        if self._held or may_extend(data):
            self._feed_in_parts(data)
            return
        self._parse(data)
        if begins:
            head = self._head
            if head is not None and head.method == POST and not (self.ended or self._dropping or self._upgrade):
                self._known_heads.learn(data, head, self._admitted, self._connection)

    def _take(self, recognized: RecognizedHead, data: bytes) -> bool:
        """Take a request whose head is known; False if the parser must."""
        head, end = recognized.head, recognized.end
        if end < len(data):
            return False
        try:
            user = self._admission.user(head)
            admitted = head.mount.admit(head) if head.mount.admits_each else recognized.admitted
        except HttpError:
            return False
        self.progress += 1
        if end > len(data):
            # Clients often send the body in a segment of its own.
            self.reading = True
            self._head = head
            self._recognized = recognized, data
        else:
            body = data[recognized.begin :]
            self._arrivals.append(HttpRequest(head.mount, head, admitted, body, user, recognized.connection))
        return True

    def _with_rest(self, recognized: RecognizedHead, begun: bytes, rest: bytes) -> bytes:
        """Return the segment that holds what came of a request whose head is known, and what came now.

        It is recognized again if it is complete now; otherwise it is for the parser.
        """
        self._recognized = None
        self.reading = False
        whole = begun + rest
        if len(whole) != recognized.end:
            self._parse(begun)
            return rest
        return whole

    def _feed_in_parts(self, data: bytes) -> None:
        """Read a segment so that no part goes beyond the end of a request: the next one may begin with M-POST."""
        data = self._held + data
        self._held = b""
        place = seen = 0
        while place < len(data) and not self.ended:
            if not self.reading:
                data = data[place:]
                if is_beginning(data):
                    self._held = data
                    return
                post = as_post(data)
                if post is not None:
                    self._extended = True
                    data = post
                place = 0
            end = self._end_of_part(data, place, seen)
            self._parse(data[place:end])
            seen += end - place
            place = end

    def _end_of_part(self, data: bytes, start: int, seen: int) -> int:
        head = self._head if self.reading else None
        if head is None or b"transfer-encoding" in head.values:
            return end_of_lines(data, start, seen)
        return start + int(head.values.get(b"content-length", b"0")) - self._received

    def _parse(self, data: bytes) -> None:
        if self._parser is None:
            return
        if self._in_head:
            self._segments_size += len(data)
            # Only the request line is looked for in it.
            if not self._fields:
                self._segment += data
        else:
            self._segment = data
            self._line_end = 0
        chunked = self._chunked
        if chunked:
            self._chunk_begun = False
            self._framing_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except _PARSER_ERRORS as error:
            self._stopped(error, data)
        if self._chunked:
            self._look_at_chunks(data, whole=chunked)
        if self._in_head and self._segments_size > self._limits.max_header_bytes + self._limits.max_request_line:
            self.refuse(_header_block_too_large())

    def _look_at_chunks(self, data: bytes, *, whole: bool) -> None:
        """Look at the chunk lines of a segment, of which the ``whole`` or only the end belongs to a body in chunks."""
        size = self._chunk_size
        if self._chunk_begun:
            # Complete chunks are counted. What the open one announces stands before its bytes.
            line = _last_line(self._chunk_line + data[max(0, len(data) - size - _MAX_CHUNK_LINE) : len(data) - size])
            if line is None:
                self.refuse(_chunk_lines_too_long())
            elif self._received - size + _announced(line) > self._limits.max_body:
                self.refuse(self._body_too_large())
            self._chunk_line = b""
            self._quiet = 0
        elif not self._chunk_open:
            self._chunk_line = (self._chunk_line + data)[-_MAX_CHUNK_LINE:]
            self._quiet += len(data) if whole else 0
        overhead = self._framing_bytes - self._received
        allowed = self._limits.max_header_bytes + _MAX_CHUNK_OVERHEAD * self._received
        if self._quiet > self._limits.max_header_bytes or overhead > allowed:
            self.refuse(_chunk_lines_too_long())

    def refuse(self, refusal: HttpError) -> None:
        """End with a refusal of the request that is being read."""
        if not self.ended:
            self._end()
            self._arrivals.append(Refused(refusal, ENDS, self._head))

    def close(self) -> None:
        """Forget everything; the parser and this reader hold each other."""
        self._end()
        self._parser = None
        self._body = b""

    def _end(self) -> None:
        self._recognized = None
        self._forget_body()
        self.ended = True
        self.reading = False
        self._in_head = False

    def _forget_body(self) -> None:
        self._body = b""
        self._chunked = False
        if self._counted:
            self._share.give_back(self._counted)
            self._counted = 0

    def _stopped(self, error: HttpParserError | HttpParserUpgrade, data: bytes) -> None:
        if isinstance(error, HttpParserUpgrade):
            self._ignore_upgrade(data[error.args[0] :])
        elif isinstance(error, HttpParserCallbackError):
            if error.__context__ is not None and not isinstance(error.__context__, _EndedError):
                raise error.__context__
        elif isinstance(error, HttpParserInvalidMethodError):
            method = _METHOD.match(data)
            self.refuse(unknown_method() if method else HttpError(400, "this is not HTTP", fatal=True))
        elif isinstance(error, HttpParserInvalidURLError):
            self.refuse(HttpError(400, "malformed request target", fatal=True))
        elif str(error) == _WRONG_VERSION:
            self.refuse(HttpError(505, "the HTTP version is neither 1.0 nor 1.1", fatal=True))
        else:
            self.refuse(HttpError(400, f"malformed HTTP: {error}", fatal=True))

    def _ignore_upgrade(self, rest: bytes) -> None:
        # llhttp takes what follows the head for the other protocol. It is the body, since a server may ignore the wish.
        if self.ended or self._head is None:
            return
        self._upgrade = False
        self._parser = HttpRequestParser(_AfterHead(self))
        self._parser.feed_data(_framing_of(self._head))
        self.feed(rest)

    # The parser's callbacks

    def on_message_begin(self) -> None:
        """A request begins."""
        if self.ended:
            raise _EndedError
        self._begin()
        self.reading = True
        self._in_head = True
        self.progress += 1

    def on_url(self, part: bytes) -> None:
        """A part of the request target is there."""
        self._target += part
        if len(self._target) > self._limits.max_request_line:
            self._stop(HttpError(414, "the request line is too long", fatal=True))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field is there, or a trailer, which is dropped."""
        self._fields_size += len(name) + len(value) + 4
        self._fields_count += 1
        if self._fields_size > self._limits.max_header_bytes or self._fields_count > self._limits.max_headers:
            self._stop(_header_block_too_large())
        if self._in_head:
            self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is there: admit the request or refuse it (rules H12, HE17)."""
        assert self._parser is not None  # noqa: S101 - it is the parser that calls
        self._in_head = False
        parser = self._parser
        method = M_POST if self._extended else parser.get_method()
        self._extended = False
        self._head = head = Head(method, parser.get_http_version(), self._target, self._fields)
        self._connection = connection(head.version, parser.should_keep_alive())
        self._upgrade = parser.should_upgrade()
        try:
            if b"RTSP/" in self._segment and self._is_rtsp(head):
                raise HttpError(505, "the protocol is RTSP, not HTTP", fatal=True)
            self._admission.check_start(head)
            length = body_length(head)
            self._admitted, self._user = self._admission.admit(head)
            if length is None:
                self._chunked = True
            else:
                self._check_length(length)
        except Exception as error:
            self._chunked = False
            refusal = _refusal_of(error, head)
            if refusal is None:
                raise
            self._refuse_head(head, refusal)
            return
        self._is_options = method == OPTIONS
        if b"expect" in head.values and head.version != "1.0" and length != 0:
            self._arrivals.append(CONTINUE)

    def on_chunk_header(self) -> None:
        """A chunk line is complete."""
        self._chunk_open = self._chunk_begun = True
        self._chunk_size = 0

    def on_chunk_complete(self) -> None:
        """A chunk is complete."""
        self._chunk_open = self._chunk_begun = False
        self._chunk_line = b""
        self._quiet = 0

    def on_body(self, part: bytes) -> None:
        """A part of the body is there."""
        self._received = size = self._received + len(part)
        self._chunk_size += len(part)
        if self._dropping:
            return
        if size > self._limits.max_body:
            self._stop(self._body_too_large())
        if size > MAX_SMALL_BODY:
            if not self._share.take(size - self._counted):
                self._stop(_too_many_bodies())
            self._counted = size
        if self._is_options:
            return
        body = self._body
        if not body:
            self._body = part
            return
        # Many small chunks must not become many objects.
        if isinstance(body, bytes):
            self._body = body = bytearray(body)
        body += part

    def on_message_complete(self) -> None:
        """The request is there in full."""
        if self._upgrade:
            return
        self.reading = False
        self._chunked = False
        self.progress += 1
        if not self._connection.keep:
            self.ended = True
        if self._dropping:
            return
        head = cast(Head, self._head)
        mount = cast(Mount, head.mount)
        if self._is_options:
            self._arrivals.append(OptionsRequest(mount, head, self._connection))
        else:
            # To copy a long one would take others' time.
            body = bytes(self._body) if self._received <= MAX_SMALL_BODY else cast(bytes, self._body)
            self._arrivals.append(HttpRequest(mount, head, self._admitted, body, self._user, self._connection))
            self._body = b""
            # It counts on until it is answered.
            self._counted = 0

    def _refuse_head(self, head: Head, refusal: HttpError) -> None:
        if refusal.fatal or not self._connection.keep or not self._is_short(head):
            self._stop(refusal)
        self._dropping = True
        self._arrivals.append(Refused(refusal, self._connection, head))

    def _is_short(self, head: Head) -> bool:
        values = head.values
        # A client that expects 100-continue may or may not send the body it announced.
        if b"transfer-encoding" in values or b"expect" in values:
            return False
        return int(values.get(b"content-length", b"0")) <= self._limits.max_drain

    def _stop(self, refusal: HttpError) -> None:
        self.refuse(refusal)
        raise _EndedError

    def _is_rtsp(self, head: Head) -> bool:
        """Whether the request line ends with the other protocol that llhttp takes, without saying which one came."""
        line = re.compile(rb"%b +%b +(RTSP|HTTP)/" % (re.escape(head.method), re.escape(self._target)))
        found = line.search(self._segment, self._line_end)
        if found is None:
            return False
        # The next request line in this segment comes later.
        self._line_end = found.end()
        return found[1] == b"RTSP"

    def _check_length(self, length: int) -> None:
        if length > self._limits.max_body:
            raise self._body_too_large()
        if length > MAX_SMALL_BODY and not self._share.fits(length):
            raise _too_many_bodies()

    def _body_too_large(self) -> HttpError:
        return HttpError(413, f"the body is larger than {self._limits.max_body} bytes", fatal=True)


class _AfterHead:
    """The callbacks of a parser that goes on after a head which another parser has read."""

    def __init__(self, reader: RequestReader) -> None:
        self._reader = reader
        self._known = True
        self.on_body = reader.on_body
        self.on_chunk_header = reader.on_chunk_header
        self.on_chunk_complete = reader.on_chunk_complete
        self.on_message_complete = reader.on_message_complete

    def on_message_begin(self) -> None:
        if not self._known:
            self._reader.on_message_begin()

    def on_url(self, part: bytes) -> None:
        if not self._known:
            self._reader.on_url(part)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._known:
            self._reader.on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._known:
            self._known = False
        else:
            self._reader.on_headers_complete()


def _refusal_of(error: Exception, head: Head) -> HttpError | None:
    if isinstance(error, HttpError) or head.mount is None:
        return error if isinstance(error, HttpError) else None
    refusal: HttpError | None = head.mount.refusal_of(error)
    return refusal


def _framing_of(head: Head) -> bytes:
    # No other header: whether the connection stays open is known already.
    framing = (b"content-length", b"transfer-encoding")
    lines = [b"%b: %b\r\n" % (name, head.values[name]) for name in framing if name in head.values]
    return b"".join([b"POST / HTTP/1.1\r\n", *lines, b"\r\n"])


def _last_line(text: bytes) -> bytes | None:
    """Return the last line of a text, empty if that is not complete; None if it does not begin in the text."""
    if not text.endswith(b"\n"):
        return b""
    _, newline, line = text[:-1].rpartition(b"\n")
    return None if not newline and len(text) >= _MAX_CHUNK_LINE else line


def _announced(line: bytes) -> int:
    """Return the size that a chunk line announces, 0 if it does not announce one."""
    size = _CHUNK_SIZE.match(line)
    return int(size[0], 16) if size else 0


def _chunk_lines_too_long() -> HttpError:
    return HttpError(400, "the lines between the chunks are too long", fatal=True)


def _too_many_bodies() -> HttpError:
    text = "the requests that are under way take too much memory; try again later"
    return HttpError(503, text, fields=b"Retry-After: 1\r\n", fatal=True)


def _header_block_too_large() -> HttpError:
    return HttpError(431, "the header block is too large or has too many fields", fatal=True)


_PARSER_ERRORS: Final = (HttpParserError, HttpParserUpgrade)
