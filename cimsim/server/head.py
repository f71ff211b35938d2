"""The head of a request, and the checks of it that HTTP itself asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from cimsim.server.replies import HttpError

OPTIONS: Final = b"OPTIONS"
POST: Final = b"POST"
M_POST: Final = b"M-POST"


class Head:
    """The head of one request.

    Attributes:
        method: in capitals, as it came.
        version: of HTTP, such as ``1.1``.
        target: the request target, as it came.
        fields: the header fields in order, names in lower case.
        values: the fields by name, the values of repeated ones joined by commas.
        repeated: the names of fields that came more than once.
        mount: the ``mount.Mount`` of the target; None before that is looked up.
        style: what the mount notes at admission of how to answer, for itself alone; None: nothing.
        trailers: if the mount sets it at admission, the response is sent in chunks, and ends with the trailer lines that this
            returns for the first piece of the body.
    """

    __slots__ = ("fields", "method", "mount", "repeated", "style", "target", "trailers", "values", "version")

    def __init__(self, method: bytes, version: str, target: bytes, fields: list[tuple[bytes, bytes]]) -> None:
        self.method = method
        self.version = version
        self.target = target
        self.fields = fields
        self.values: Mapping[bytes, bytes] = dict(fields)
        self.repeated: frozenset[bytes] = frozenset()
        self.mount: Any = None
        self.style: Any = None
        self.trailers: Callable[[bytes], bytes] | None = None
        if len(self.values) != len(fields):
            self._join_repeats()

    def _join_repeats(self) -> None:
        lists: dict[bytes, list[bytes]] = {}
        for name, value in self.fields:
            lists.setdefault(name, []).append(value)
        self.values = {name: b", ".join(values) for name, values in lists.items()}
        self.repeated = frozenset(name for name, values in lists.items() if len(values) > 1)


def unknown_method() -> HttpError:
    """Return the answer to a method that HTTP does not define (rules H8, H9)."""
    return HttpError(501, "unknown HTTP method", fatal=True)


def body_length(head: Head) -> int | None:
    """Return how many bytes of body are announced, or None when the body is chunked (rule H10).

    Raises:
        HttpError: 411 for no length, 501 for an unknown transfer coding, 400 for a transfer coding under HTTP/1.0.
    """
    values = head.values
    coding = values.get(b"transfer-encoding")
    if coding is None:
        length = values.get(b"content-length")
        if length is None:
            if head.method == OPTIONS:
                return 0
            raise HttpError(411, "the request has neither Content-Length nor Transfer-Encoding: chunked", fatal=True)
        return int(length)
    if head.version == "1.0":
        raise HttpError(400, "HTTP/1.0 has no Transfer-Encoding", fatal=True)
    if coding.strip().lower() != b"chunked":
        raise HttpError(501, "the only transfer coding is chunked", fatal=True)
    return None
