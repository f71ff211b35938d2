"""From the body of a request to the body of its response: decode, perform, encode."""

from collections.abc import Iterator
from typing import Protocol

from pywbem import CIMError

from cimsim.cimxml.headers import CimHeaders
from cimsim.cimxml.message import Message
from cimsim.operations.request import Request
from cimsim.operations.results import Result


class Decodes(Protocol):
    """What the service needs of ``cimxml.decode.Decoder``."""

    def decode(self, body: bytes, headers: CimHeaders) -> Message:
        """Return the message of a body."""
        ...


class Encodes(Protocol):
    """What the service needs of ``cimxml.encode.Encoder``."""

    def encode(self, message: Message, result: Result | CIMError) -> Iterator[list[bytes]]:
        """Yield the response in batches of fragments."""
        ...


class Performs(Protocol):
    """What the service needs of ``cimom.cimom.Cimom``."""

    def perform(self, request: Request, user: str | None = None) -> Result:
        """Return the result of a request."""
        ...


class CimService:
    """Answers CIM-XML messages. Knows nothing of HTTP but the CIM headers."""

    def __init__(self, decoder: Decodes, encoder: Encodes, cimom: Performs) -> None:
        self._decoder = decoder
        self._encoder = encoder
        self._cimom = cimom

    def respond(self, headers: CimHeaders, body: bytes, user: str | None) -> Iterator[list[bytes]]:
        """Perform the request now; return its response as batches of fragments, rendered as they are asked for.

        A CIM error is a response like another (rules HE18, E1).

        Args:
            headers: the CIM headers, already checked on their own.
            body: the XML document.
            user: who asks, or None without authentication.

        Raises:
            MessageError: the body is no valid message, or the headers do not match it (sections 1.2 and 1.3 of the rules).
        """
        message = self._decoder.decode(body, headers)
        try:
            result: Result | CIMError = self._cimom.perform(message.request, user)
        except CIMError as error:
            result = error
        return self._encoder.encode(message, result)
