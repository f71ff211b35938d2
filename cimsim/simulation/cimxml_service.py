"""From the body of a request to the body of its response: decode, perform, encode."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final, Protocol

from pywbem import CIMError

from cimsim.cimom.exchanges import Called
from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.message import Message, MessageError
from cimsim.operations.pending import Pending
from cimsim.operations.request import Request
from cimsim.operations.results import MethodResult, Result
from cimsim.server.wrong_answers import Affected
from cimsim.simulation.body_lengths import Measures, measured
from cimsim.simulation.fault_effects import Faults
from cimsim.world.errors import server_limits_exceeded

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

_BATCH_BYTES: Final = 64 * 1024 * 1024


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

    def encode_batch(self, message: Message, results: Iterable[Result | CIMError | None]) -> Iterator[list[bytes]]:
        """Yield the response to several requests; each result is taken when those before it are rendered.

        None is not yet a result: an empty batch is yielded, and the next is taken.
        """
        ...


class Performs(Protocol):
    """What the service needs of ``cimom.cimom.Cimom``."""

    def start(self, request: Request, user: str | None = None) -> Result | Pending[Result]:
        """Return the result of a request, or what is left to do for it."""
        ...


class CimXmlService:
    """Answers CIM-XML messages. Knows nothing of HTTP but the CIM headers.

    Args:
        decoder: reads the messages.
        encoder: writes the responses.
        cimom: carries the requests out.
        statistics: gets the lengths of the body of each request and of its response; not of several in one message.
        batch_bytes: how long the response to several requests may grow; the requests that are not reached before are not
            carried out and get CIM_ERR_SERVER_LIMITS_EXCEEDED (rule SEC6).
        decode_later: decodes a message while the server does other things; None: nothing does.
        faults: what fault rules do to answers, but to those of several requests in one message; None: nothing.
    """

    def __init__(
        self,
        decoder: Decodes,
        encoder: Encodes,
        cimom: Performs,
        statistics: Measures | None = None,
        batch_bytes: int = _BATCH_BYTES,
        decode_later: "Callable[[bytes, CimHeaders], Deferred[Message]] | None" = None,
        faults: Faults | None = None,
    ) -> None:
        self._decoder = decoder
        self._encoder = encoder
        self._cimom = cimom
        self._statistics = statistics
        self._batch_bytes = batch_bytes
        self._decode_later = decode_later
        self._faults = faults

    def respond(
        self, headers: CimHeaders, body: bytes, user: str | None, calls: list[Called] | None = None
    ) -> Iterator[list[bytes]]:
        """Perform the request now; return its response as batches of fragments, rendered as they are asked for.

        The batches are empty at first where the request takes long: it goes on as they are asked for, and ends when the
        response is dropped.

        A CIM error is a response like another (rules HE18, E1). Of several requests in one message each is performed on its
        own, once the responses to those before it are rendered (rule M5).

        Args:
            headers: the CIM headers, already checked on their own.
            body: the XML document.
            user: who asks, or None without authentication.
            calls: gets a record of each request once it is carried out; None: nobody wants any.

        Raises:
            MessageError: the body is not a valid message, or the headers do not match it (rules HC1 to HE18).
        """
        return self._perform(self._decoder.decode(body, headers), len(body), user, calls)

    def respond_later(
        self, headers: CimHeaders, body: bytes, user: str | None, calls: list[Called] | None = None
    ) -> "Deferred[Iterator[list[bytes]]] | None":
        """Do as ``respond`` once the message is decoded, which others need not wait for; None: ``respond`` must do it."""
        if self._decode_later is None:
            return None
        return self._decode_later(body, headers).addCallback(self._perform, len(body), user, calls)

    def _perform(self, message: Message, length: int, user: str | None, calls: list[Called] | None) -> Iterator[list[bytes]]:
        if message.further:
            return self._respond_to_all(message, user, calls)
        result = self._result(message.request, user, calls)
        response = (
            self._awaited(message, result, calls) if isinstance(result, Pending) else self._encoder.encode(message, result)
        )
        statistics = self._statistics
        if statistics is not None and statistics.counts.wanted:
            response = measured(message.request, length, response, statistics)
        effects = None if self._faults is None else self._faults.effects()
        return response if effects is None else Affected(response, lambda: effects)

    def _result(self, request: Request, user: str | None, calls: list[Called] | None) -> Result | Pending[Result] | CIMError:
        try:
            result = self._cimom.start(request, user)
        except CIMError as error:
            if calls is not None:
                calls.append(Called.of(request, error, rule=self._rule))
            return error
        except MessageError:
            if calls is not None:
                calls.append(Called.refused(request))
            raise
        if calls is not None:
            returned = result.return_value.value if isinstance(result, MethodResult) else None
            calls.append(Called.of(request, returned=returned, rule=self._rule))
        return result

    @property
    def _rule(self) -> int | None:
        return None if self._faults is None else self._faults.number

    def _awaited(self, message: Message, pending: Pending[Result], calls: list[Called] | None) -> Iterator[list[bytes]]:
        for result in _outcomes(pending, calls):
            if result is None:
                yield []
            else:
                yield from self._encoder.encode(message, result)

    def _respond_to_all(self, message: Message, user: str | None, calls: list[Called] | None) -> Iterator[list[bytes]]:
        size = 0

        def results() -> Iterator[Result | CIMError | None]:
            for request in (message.request, *message.further):
                if size > self._batch_bytes:
                    error = server_limits_exceeded("the response to the requests before this one is too long already")
                    if calls is not None:
                        calls.append(Called.of(request, error))
                    yield error
                else:
                    result = self._result(request, user, calls)
                    if isinstance(result, Pending):
                        yield from _outcomes(result, calls)
                    else:
                        yield result

        for fragments in self._encoder.encode_batch(message, results()):
            size += sum(map(len, fragments))
            yield fragments


def _outcomes(pending: Pending[Result], calls: list[Called] | None) -> Iterator[Result | CIMError | None]:
    """Yield None while there is work to do, then what it came to, which the last record is completed with."""
    for outcome in pending.outcomes():
        if outcome is not None and calls:
            calls[-1] = calls[-1].ended(outcome)
        yield outcome
