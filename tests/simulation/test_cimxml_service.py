import threading
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from pywbem import CIMError
from twisted.internet.selectreactor import SelectReactor
from twisted.python.failure import Failure

from cimsim.cimom.exchanges import Called
from cimsim.cimxml.cim_headers import CimHeaders
from cimsim.cimxml.message import Message, MessageError
from cimsim.operations.pending import Pending
from cimsim.operations.request import IntrinsicRequest, Request
from cimsim.operations.results import Result, Void
from cimsim.simulation.cimxml_service import CimXmlService
from cimsim.simulation.decoder_threads import DecoderThreads

HEADERS = CimHeaders(operation="MethodCall", method="DeleteInstance", object="root/x")


class FakeCodec:
    def decode(self, body: bytes, headers: CimHeaders) -> Message:
        assert headers is HEADERS
        if body == b"bad":
            raise MessageError("request-not-valid", "bad")
        first, *further = (IntrinsicRequest(name, "root/x") for name in body.decode().split())
        return Message("7", first, tuple(further))

    def encode(self, message: Message, result: Result | CIMError) -> Iterator[list[bytes]]:
        yield [message.id.encode(), b" ", type(result).__name__.encode()]
        yield [b"."]

    def encode_batch(self, message: Message, results: Iterable[Result | CIMError | None]) -> Iterator[list[bytes]]:
        for result in results:
            yield [] if result is None else [type(result).__name__.encode()]


class FakeCimom:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []

    def start(self, request: Request, user: str | None = None) -> Result | Pending[Result]:
        self.asked.append((request.name, user))
        if request.name in ("Long", "Failing"):
            return Pending(self.steps(request.name), Void)
        if request.name == "Refused":
            raise CIMError(2)
        if request.name == "Broken":
            raise ZeroDivisionError
        return Void()

    def steps(self, name: str) -> Iterator[None]:
        try:
            yield
            if name == "Failing":
                raise CIMError(27)
            yield
        except GeneratorExit:
            self.asked.append(("dropped", None))
            raise


def test_a_long_request_goes_on_as_its_response_is_taken() -> None:
    cimom = FakeCimom()
    service = CimXmlService(FakeCodec(), FakeCodec(), cimom)
    assert list(service.respond(HEADERS, b"Long", None)) == [[], [], [b"7", b" ", b"Void"], [b"."]]
    assert list(service.respond(HEADERS, b"Failing", None)) == [[], [b"7", b" ", b"CIMError"], [b"."]]
    batches = [[b"Void"], [], [], [b"Void"], [], [b"CIMError"], [b"Void"]]
    assert list(service.respond(HEADERS, b"One Long Failing Two", None)) == batches


def test_what_a_long_request_came_to_is_recorded() -> None:
    service = CimXmlService(FakeCodec(), FakeCodec(), FakeCimom())
    for body, statuses in ((b"Failing", [27]), (b"Failing Long One Failing", [27, 0, 0, 27])):
        calls: list[Called] = []
        assert list(service.respond(HEADERS, body, None, calls))
        assert [call.status for call in calls] == statuses


def test_a_long_request_ends_with_its_response() -> None:
    cimom = FakeCimom()
    response = CimXmlService(FakeCodec(), FakeCodec(), cimom).respond(HEADERS, b"Long", None)
    assert next(response) == []
    del response
    assert cimom.asked == [("Long", None), ("dropped", None)]


def test_a_request_is_performed_at_once_and_encoded_as_it_is_taken() -> None:
    cimom = FakeCimom()
    batches = CimXmlService(FakeCodec(), FakeCodec(), cimom).respond(HEADERS, b"DeleteInstance", "operator")
    assert cimom.asked == [("DeleteInstance", "operator")]
    assert list(batches) == [[b"7", b" ", b"Void"], [b"."]]


def test_he18_e1_a_cim_error_is_a_response() -> None:
    service = CimXmlService(FakeCodec(), FakeCodec(), FakeCimom())
    assert next(service.respond(HEADERS, b"Refused", None)) == [b"7", b" ", b"CIMError"]


def test_a_message_error_and_a_fault_are_left_to_http() -> None:
    cimom = FakeCimom()
    service = CimXmlService(FakeCodec(), FakeCodec(), cimom)
    with pytest.raises(MessageError):
        service.respond(HEADERS, b"bad", None)
    assert cimom.asked == []
    with pytest.raises(ZeroDivisionError):
        service.respond(HEADERS, b"Broken", None)


def test_m5_each_request_of_a_batch_is_judged_alone_and_in_its_turn() -> None:
    cimom = FakeCimom()
    batches = CimXmlService(FakeCodec(), FakeCodec(), cimom).respond(HEADERS, b"One Refused Two", "operator")
    assert cimom.asked == []
    assert next(batches) == [b"Void"]
    assert cimom.asked == [("One", "operator")]
    assert list(batches) == [[b"CIMError"], [b"Void"]]
    assert cimom.asked == [("One", "operator"), ("Refused", "operator"), ("Two", "operator")]


def test_sec6_a_batch_with_a_long_response_is_cut_short() -> None:
    cimom = FakeCimom()
    batches = CimXmlService(FakeCodec(), FakeCodec(), cimom, batch_bytes=7).respond(HEADERS, b"One Two Three Four", None)
    assert list(batches) == [[b"Void"], [b"Void"], [b"CIMError"], [b"CIMError"]]
    assert [name for name, _ in cimom.asked] == ["One", "Two"]


def test_a_message_that_is_decoded_apart_is_performed_when_it_is_there() -> None:
    new_reactor: Any = SelectReactor
    reactor = new_reactor()
    cimom = FakeCimom()
    threads = DecoderThreads(reactor)
    used: list[threading.Thread] = []

    def decode(body: bytes, headers: CimHeaders) -> Message:
        used.append(threading.current_thread())
        return FakeCodec().decode(body, headers)

    service = CimXmlService(
        FakeCodec(), FakeCodec(), cimom, decode_later=lambda body, headers: threads.run(lambda: decode(body, headers))
    )
    outcomes: list[Any] = []
    waiting = [service.respond_later(HEADERS, b"DeleteInstance", "operator") for _ in range(5)]
    dropped = waiting[-1]
    assert dropped is not None
    for each in waiting:
        assert each is not None
        each.addBoth(outcomes.append)
    dropped.cancel()
    reactor.callWhenRunning(lambda: _stop_after(reactor, outcomes, 5))
    reactor.run(installSignalHandlers=False)
    assert isinstance(outcomes[0], Failure), "what was cancelled is over at once"
    assert [b"".join(next(outcome)) for outcome in outcomes[1:]] == [b"7 Void"] * 4
    assert cimom.asked == [("DeleteInstance", "operator")] * 4
    assert threading.current_thread() not in used
    assert len({id(thread) for thread in used}) == len(used) == 4


def _stop_after(reactor: Any, outcomes: list[Any], count: int) -> None:
    if len(outcomes) < count:
        reactor.callLater(0.001, _stop_after, reactor, outcomes, count)
    else:
        reactor.stop()
