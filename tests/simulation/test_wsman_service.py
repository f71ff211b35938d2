"""How the requests of a WS-Management message are carried out: little by little, and one after the other."""

from collections.abc import Callable
from typing import Any

import pytest
from pywbem import CIM_ERR_FAILED, CIM_ERR_NOT_FOUND, CIMError

from cimsim.cimom.exchanges import Called
from cimsim.operations.pending import Pending
from cimsim.operations.request import Request
from cimsim.operations.results import MethodResult, Output
from cimsim.simulation.wsman_service import WsmanService
from cimsim.world.counts import Counts
from cimsim.wsman.message_decoder import WsmanDecoder
from cimsim.wsman.reply_encoder import WsmanEncoder

SOAP = "http://www.w3.org/2003/05/soap-envelope"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"


def message(action: str, body: str = "") -> bytes:
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"><s:Header>'
        f"<a:Action>{action}</a:Action><a:MessageID>uuid:1</a:MessageID>"
        "<w:ResourceURI>http://schemas.microsoft.com/wbem/wsman/1/wmi/root/test/T_Thing</w:ResourceURI>"
        '<w:SelectorSet><w:Selector Name="Name">One</w:Selector></w:SelectorSet></s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


class Cimom:
    """Answers each request with what a function returns or raises, and keeps its name."""

    def __init__(self, answer: Callable[[Request], Any]) -> None:
        self.answer = answer
        self.seen: list[str] = []

    def locate(self, request: Request, user: str | None = None) -> Request:
        return request

    def start(self, request: Request, user: str | None = None, protocol: str = "") -> Any:
        assert (user, protocol) == ("ann", "ws-man")
        self.seen.append(request.name)
        return self.answer(request)


def service(cimom: Cimom) -> WsmanService:
    return WsmanService(WsmanDecoder(), WsmanEncoder("HOST", lambda: "ID"), cimom)


def failing(code: int) -> Any:
    raise CIMError(code, "as a test has it")


@pytest.mark.parametrize("steps", [1, 3])
def test_what_takes_long_goes_on_as_batches_are_taken(steps: int) -> None:
    done: list[int] = []

    def work() -> Any:
        for number in range(steps):
            done.append(number)
            yield None

    cimom = Cimom(lambda _: Pending(work(), lambda: failing(CIM_ERR_NOT_FOUND)))
    reply = service(cimom).respond(message(f"{TRANSFER}/Get"), "ann")
    assert done == [0], "it has begun, and no more"
    batches = list(reply.batches)
    assert [bool(batch) for batch in batches] == [False] * steps + [True]
    assert (reply.status, b"Fault" in b"".join(batches[-1])) == (500, True)


def test_a_message_that_is_dropped_goes_no_further() -> None:
    done: list[int] = []

    def work() -> Any:
        for number in range(9):
            done.append(number)
            yield None

    cimom = Cimom(lambda _: Pending(work(), lambda: failing(CIM_ERR_NOT_FOUND)))
    reply = service(cimom).respond(message(f"{TRANSFER}/Get"), "ann")
    assert next(reply.batches) == []
    del reply
    assert len(done) < 3


def test_after_one_that_fails_no_further_request_is_carried_out() -> None:
    cimom = Cimom(lambda _: failing(CIM_ERR_FAILED))
    calls: list[Called] = []
    body = '<p:T_Thing xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wmi/root/test/T_Thing"><p:Number>1</p:Number></p:T_Thing>'
    reply = service(cimom).respond(message(f"{TRANSFER}/Put", body), "ann", calls)
    assert list(reply.batches)
    assert (reply.status, cimom.seen) == (500, ["ModifyInstance"])
    assert [(call.operation, call.status) for call in calls] == [("ModifyInstance", CIM_ERR_FAILED)]


def test_what_a_method_returned_is_recorded() -> None:
    cimom = Cimom(lambda _: MethodResult(Output("ReturnValue", "uint32", False, 5), ()))
    calls: list[Called] = []
    uri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/test/T_Thing"
    reply = service(cimom).respond(message(f"{uri}/Go"), "ann", calls)
    assert b"<p:ReturnValue>5</p:ReturnValue>" in b"".join(fragment for batch in reply.batches for fragment in batch)
    assert [(call.operation, call.status, call.returned) for call in calls] == [("Go", 0, "5")]


def test_what_a_pending_request_came_to_is_recorded() -> None:
    uri = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/test/T_Thing"

    def recorded(finish: Callable[[], Any]) -> list[tuple[str, int | None, str | None]]:
        pending: Any = Pending(iter((None, None)), finish)
        calls: list[Called] = []
        assert list(service(Cimom(lambda _: pending)).respond(message(f"{uri}/Go"), "ann", calls).batches)
        return [(call.operation, call.status, call.returned) for call in calls]

    assert recorded(lambda: MethodResult(Output("ReturnValue", "uint32", False, 5), ())) == [("Go", 0, "5")]
    assert recorded(lambda: failing(CIM_ERR_NOT_FOUND)) == [("Go", CIM_ERR_NOT_FOUND, None)]


class Counting:
    """Counts the lengths of bodies."""

    def __init__(self, wanted: bool) -> None:
        self.counts = Counts(wanted)
        self.seen: list[tuple[str, int, int]] = []

    def measured(self, request: Request, request_bytes: int, response_bytes: int) -> None:
        self.seen.append((request.name, request_bytes, response_bytes))


@pytest.mark.parametrize("wanted", [True, False])
def test_lengths_of_bodies_are_counted_for_the_first_operation_of_a_message(wanted: bool) -> None:
    for action, name, body in (("Delete", "DeleteInstance", ""), ("Put", "ModifyInstance", "<T_Thing/>")):
        counting = Counting(wanted)
        encoder = WsmanEncoder("HOST", lambda: "ID")
        answering = Cimom(lambda request: failing(CIM_ERR_FAILED))
        sent = message(f"{TRANSFER}/{action}", body)
        reply = WsmanService(WsmanDecoder(), encoder, answering, statistics=counting).respond(sent, "ann")
        length = sum(len(each) for batch in reply.batches for each in batch)
        assert counting.seen == ([(name, len(sent), length)] if wanted else [])
