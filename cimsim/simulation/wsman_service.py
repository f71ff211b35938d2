"""From the body of a WS-Management message to the body of its reply: decode, perform, encode."""

from typing import Protocol

from pywbem import CIMError

from cimsim.operations.pending import Pending
from cimsim.operations.request import Request
from cimsim.operations.results import Result
from cimsim.wsman.message_decoder import WsmanDecoder
from cimsim.wsman.reply_encoder import Reply, WsmanEncoder
from cimsim.wsman.soap_faults import WsmanError
from cimsim.wsman.wsman_message import WsmanMessage


class Performs(Protocol):
    """What the service needs of a CIMOM."""

    def start(self, request: Request, user: str | None = None) -> Result | Pending[Result]:
        """Return the result of a request, or what is left to do for it; or raise CIMError."""
        ...


class WsmanService:
    """Answers WS-Management messages. Knows nothing of HTTP but the status of a reply."""

    def __init__(self, decoder: WsmanDecoder, encoder: WsmanEncoder, cimom: Performs) -> None:
        self._decoder = decoder
        self._encoder = encoder
        self._cimom = cimom

    def respond(self, body: bytes, user: str | None) -> Reply:
        """Perform what a message asks for, and return the reply: a result, or a fault (rule WM-H-3).

        Raises:
            NotSoapError: the body is not a SOAP envelope.
        """
        try:
            message = self._decoder.decode(body)
        except WsmanError as error:
            return self._encoder.fault(error, error.message_id)
        return self._encoder.encode(message, self._performed(message, user))

    def _performed(self, message: WsmanMessage, user: str | None) -> Result | CIMError | None:
        """Carry out the requests of a message until one fails; return the result of the last, None where there is none."""
        result = None
        for request in message.requests:
            try:
                started = self._cimom.start(request, user)
                result = started.completed() if isinstance(started, Pending) else started
            except CIMError as error:
                return error
        return result
