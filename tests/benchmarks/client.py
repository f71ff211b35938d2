"""A client that costs little: request bytes go out as they are, of a response only the framing and one marker are read."""

import re
import socket
from typing import Final

BUFFER: Final = 1 << 18
TIMEOUT: Final = 300.0
END: Final = 512
ERROR: Final = b"<ERROR"
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\nContent-Length: *(\d+)", re.IGNORECASE)


class BadAnswerError(Exception):
    """An answer that makes a measurement worthless."""


class Connection:
    """One connection that is kept alive, with one request at a time.

    After a response, ``length`` is the length of its body in bytes, ``marked`` how often the marker occurs in it, and ``end``
    its last bytes.
    """

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.length = -1
        self.marked = 0
        self.end = b""
        self._marker = ERROR
        self._tail = b""
        self._missing = 0

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, request: bytes, marker: bytes = ERROR) -> None:
        """Send a request whole; the response is for ``receive`` to read."""
        self.length = -1
        self.marked = 0
        self._marker = marker
        self._tail = b""
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Read once, and return whether the response is complete.

        Raises:
            BadAnswerError: its status is not 200, or it has no Content-Length.
        """
        data = self.socket.recv(BUFFER)
        if not data:
            raise BadAnswerError("the server closed the connection")
        self.end = (self.end + data[-END:])[-END:]
        data = self._tail + data
        if self.length < 0:
            end = data.find(_HEAD_END)
            if end < 0:
                self._tail = data
                return False
            self._missing = self.length = _body_length(data[:end])
            data = data[end + len(_HEAD_END) :]
            self._tail = b""
        self._missing -= len(data) - len(self._tail)
        self.marked += data.count(self._marker)
        # A marker may begin at the end of what has come so far.
        self._tail = data[1 - len(self._marker) :] if self._missing else b""
        return self._missing == 0

    def ask(self, request: bytes, marker: bytes = ERROR) -> int:
        """Send a request, read the response, and return how often the marker occurs in it."""
        self.send(request, marker)
        while not self.receive():
            pass
        return self.marked


def _body_length(head: bytes) -> int:
    found = _LENGTH.search(head)
    if found is None or not head.startswith(b"HTTP/1.1 200"):
        raise BadAnswerError(head.decode("latin-1"))
    return int(found[1])
