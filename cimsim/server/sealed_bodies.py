"""Bodies that are encrypted by the session of a login: ``multipart/encrypted`` (rule WM-A-4)."""

import re
from functools import cache
from typing import Final

_CONTENT_TYPE: Final = (
    b'Content-Type: multipart/encrypted;protocol="application/HTTP-%b-session-encrypted";boundary="Encrypted Boundary"\r\n'
)
_BOUNDARY: Final = b"--Encrypted Boundary"
_MAX_TAIL: Final = 64
_LENGTH_SIZE: Final = 4
_MAX_SIGNATURE: Final = 256


@cache
def _parts() -> re.Pattern[bytes]:
    return re.compile(
        rb"--Encrypted Boundary\r\n"
        rb"[ \t]*Content-Type:[ \t]*application/HTTP-(?P<protocol>[A-Za-z-]{1,40})-session-encrypted\r\n"
        rb"[ \t]*OriginalContent:[ \t]*type=(?P<type>[^\r\n]{1,200}?);[ \t]*Length=(?P<length>\d{1,10})[ \t]*\r\n"
        rb"--Encrypted Boundary\r\n"
        rb"[ \t]*Content-Type:[ \t]*application/octet-stream\r\n",
        re.IGNORECASE,
    )


@cache
def _end() -> re.Pattern[bytes]:
    return re.compile(rb"--Encrypted Boundary--[\r\n \t]*\Z")


class SealedBodyError(Exception):
    """A body is not of this form; the text says why."""


class SealedBody:
    """The parts of an encrypted body.

    Attributes:
        content_type: of what is in it.
        length: of what is in it, as the client says.
        signature: that goes with it.
        data: encrypted.
        protocol: that it is named after, ``SPNEGO`` or ``Kerberos``.
    """

    __slots__ = ("content_type", "data", "length", "protocol", "signature")

    def __init__(self, body: bytes | bytearray) -> None:
        """Take a body apart, with or without a tab before the header lines of its parts.

        Raises:
            SealedBodyError: it is not of this form.
        """
        begun = _parts().match(body)
        end = _end().search(body, max(0, len(body) - _MAX_TAIL))
        if begun is None or end is None or end.start() < begun.end() + _LENGTH_SIZE:
            raise SealedBodyError("the body is not one message in two parts, as multipart/encrypted has it")
        place = begun.end() + _LENGTH_SIZE
        size = int.from_bytes(body[begun.end() : place], "little")
        if not 0 < size <= _MAX_SIGNATURE or place + size > end.start():
            raise SealedBodyError(f"the signature cannot have {size} bytes")
        self.content_type = begun["type"].decode("latin-1")
        self.protocol = bytes(begun["protocol"])
        self.length = int(begun["length"])
        self.signature = bytes(body[place : place + size])
        self.data = bytes(body[place + size : end.start()])


def sealed_type(protocol: bytes) -> bytes:
    """Return the header line of an encrypted body."""
    return _CONTENT_TYPE % protocol


def sealed_body(content_type: bytes, length: int, signature: bytes, data: bytes, protocol: bytes = b"SPNEGO") -> list[bytes]:
    """Return an encrypted body; its header lines begin with a tab, which clients look for.

    Args:
        content_type: of what is in it.
        length: of what is in it.
        signature: that goes with it.
        data: encrypted.
        protocol: that it is named after.
    """
    head = (
        b"%b\r\n\tContent-Type: application/HTTP-%b-session-encrypted\r\n"
        b"\tOriginalContent: type=%b;Length=%d\r\n%b\r\n\tContent-Type: application/octet-stream\r\n"
    ) % (_BOUNDARY, protocol, content_type, length, _BOUNDARY)
    return [head, len(signature).to_bytes(_LENGTH_SIZE, "little"), signature, data, _BOUNDARY + b"--\r\n"]
