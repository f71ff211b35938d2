"""A record of each exchange, made only when somebody wants it, and the log of them."""

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from errno import EACCES, EMFILE, ENFILE
from typing import Any

import pytest
from pywbem import CIMError
from twisted.internet.task import Clock
from twisted.logger import LogEvent, Logger, LogLevel

from cimsim.cimom.exchanges import Called, Exchange
from cimsim.cimxml.message import REQUEST_NOT_VALID, MessageError
from cimsim.operations.request import (
    Argument,
    ClassName,
    ExtrinsicRequest,
    IntrinsicRequest,
    NamedInstance,
    Request,
)
from cimsim.server.descriptors import Descriptors
from cimsim.server.logins import ClientLogin
from cimsim.server.recording import HttpExchange
from cimsim.simulation.cimxml_service import CimXmlService
from cimsim.simulation.request_log import RequestLog, as_exchange
from cimsim.world.convert import InstanceData
from cimsim.world.paths import InstancePath
from tests.simulation.test_cimxml_service import HEADERS, FakeCimom, FakeCodec

Post = Callable[..., bytes]
LAMP = InstancePath("TST_Lamp", (("Name", "desk"),))


@dataclass
class Kept:
    """A recorder that keeps everything."""

    bodies: bool = True
    exchanges: list[HttpExchange] = field(default_factory=list)
    sent: list[tuple[bytes, bytes]] = field(default_factory=list)

    def record(self, exchange: HttpExchange, request: bytes, response: bytes) -> None:
        self.exchanges.append(exchange)
        self.sent.append((request, response))


@pytest.fixture
def kept() -> Kept:
    return Kept()


def login(post: Post, text: str) -> bytes:
    return post(headers={"Authorization": f"Basic {b64encode(text.encode()).decode()}"})


def test_an_answered_request_is_an_exchange(server: Any, post: Post, kept: Kept) -> None:
    server.remake({"eve": "secret"}, recorder=kept)
    server.clock.advance(5)
    body = login(post, "eve:secret")
    assert server.connect().ask(body).status == 200
    (exchange,) = kept.exchanges
    assert (exchange.user, exchange.status, exchange.detail, exchange.time) == ("eve", 200, "", 5.0)
    assert exchange.calls == (Called("Echo", "root/echo", 0),)
    assert (exchange.request_bytes, exchange.response_bytes) == (len(b"<CIM/>"), len(b"<echo><CIM/></echo>"))
    assert kept.sent == [(b"<CIM/>", b"<echo><CIM/></echo>")]


def test_nothing_is_recorded_unless_somebody_wants_it(server: Any, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cimsim.server.connection.Recording", None)
    peer = server.connect()
    assert peer.ask(post()).status == 200
    assert peer.ask(post(method="GET", headers={"Content-Length": "0"}, body=b"")).status == 405


def test_the_bytes_of_an_answer_in_pieces_are_counted(server: Any, post: Post, kept: Kept) -> None:
    server.remake(recorder=kept, piece=100)
    server.service.reply = lambda body: iter([[b"x" * 70]] * 50)
    assert server.connect().ask(post()).status == 200
    assert [each.response_bytes for each in kept.exchanges] == [3500]
    assert kept.sent[0][1] == b"x" * 3500


def test_only_the_beginning_of_a_long_body_is_kept(server: Any, post: Post, kept: Kept) -> None:
    server.remake(recorder=kept)
    server.service.reply = lambda body: iter([[b"y" * 300_000]])
    server.connect().ask(post(b"x" * 100_000))
    assert (kept.exchanges[0].request_bytes, kept.exchanges[0].response_bytes) == (100_000, 300_000)
    assert list(map(len, kept.sent[0])) == [65536, 65536]


REFUSED: dict[str, tuple[int, dict[str, Any]]] = {
    "the method": (405, {"method": "GET", "body": b""}),
    "the headers": (400, {"headers": {"CIMMethod": None}}),
    "the length": (413, {"body": b"x" * 2000}),
    "the type": (415, {"headers": {"Content-Type": "text/plain"}}),
}


@pytest.mark.parametrize(("status", "request_"), REFUSED.values(), ids=REFUSED.keys())
def test_a_request_that_is_refused_by_its_head_is_an_exchange(
    server: Any, post: Post, kept: Kept, status: int, request_: dict[str, Any]
) -> None:
    server.remake(recorder=kept, max_body=1000)
    answer = server.connect().ask(post(**request_))
    (exchange,) = kept.exchanges
    assert answer.status == exchange.status == status
    assert exchange.detail
    assert (exchange.calls, exchange.user) == ((), None)
    assert exchange.response_bytes == len(answer.body)


def test_what_is_not_http_or_does_not_arrive_is_an_exchange(server: Any, post: Post, kept: Kept) -> None:
    server.remake(recorder=kept, request_timeout=2.0)
    server.connect().send(b"\x16\x03\x01 hello\r\n\r\n")
    late = server.connect()
    late.send(post()[:-3])
    server.pass_time(5)
    assert [each.status for each in kept.exchanges] == [400, 408]


def test_a_message_that_is_refused_and_a_fault_of_the_server_are_exchanges(server: Any, post: Post, kept: Kept) -> None:
    server.remake({"eve": "secret"}, recorder=kept)

    def reply(body: bytes) -> Iterator[list[bytes]]:
        raise MessageError(REQUEST_NOT_VALID, "no MESSAGE") if body == b"<CIM/>" else ZeroDivisionError

    server.service.reply = reply
    request = login(post, "eve:secret")
    assert server.connect().ask(request).status == 400
    assert server.connect().ask(request.replace(b"<CIM/>", b"<MIC/>")).status == 500
    assert [(each.status, each.user) for each in kept.exchanges] == [(400, "eve"), (500, "eve")]
    assert kept.exchanges[0].detail == "no MESSAGE"


def test_a_client_that_leaves_before_its_answer_is_an_exchange_without_a_status(server: Any, post: Post, kept: Kept) -> None:
    server.remake(recorder=kept, piece=100)
    server.service.reply = lambda body: iter([[b"x" * 100]] * 50)
    peer = server.connect(window=300)
    peer.send(post())
    peer.transport.hang_up()
    (exchange,) = kept.exchanges
    assert exchange.status is None
    assert 0 < exchange.response_bytes < 5000
    assert "the client left" in as_exchange(exchange).line()


def test_options_are_an_exchange(server: Any, post: Post, kept: Kept) -> None:
    server.remake(recorder=kept)
    assert server.connect().ask(post(method="OPTIONS", body=b"")).status == 200
    assert [(each.status, each.calls) for each in kept.exchanges] == [(200, ())]


# What was asked


def test_each_request_of_a_batch_is_called() -> None:
    calls: list[Called] = []
    service = CimXmlService(FakeCodec(), FakeCodec(), FakeCimom(), batch_bytes=9)
    list(service.respond(HEADERS, b"One Refused Two", None, calls))
    assert [(each.operation, each.status) for each in calls] == [("One", 0), ("Refused", 2), ("Two", 27)]


def test_a_request_that_becomes_an_http_error_is_called() -> None:
    class Choosy(FakeCimom):
        def start(self, request: Request, user: str | None = None) -> Any:
            raise MessageError(REQUEST_NOT_VALID, "no")

    calls: list[Called] = []
    with pytest.raises(MessageError):
        CimXmlService(FakeCodec(), FakeCodec(), Choosy()).respond(HEADERS, b"One", None, calls)
    assert calls == [Called("One", "root/x", None, namespace="root/x")]


@pytest.mark.parametrize(
    ("request_", "target"),
    [
        (IntrinsicRequest("GetInstance", "root/x", (Argument("InstanceName", LAMP),)), 'root/x:TST_Lamp.Name="desk"'),
        (IntrinsicRequest("GetClass", "root/x", (Argument("ClassName", ClassName("TST_Lamp")),)), "root/x:TST_Lamp"),
        (IntrinsicRequest("EnumerateClasses", "root/x", (Argument("DeepInheritance", True),)), "root/x"),
        (
            IntrinsicRequest("CreateInstance", "root/x", (Argument("NewInstance", InstanceData("TST_Lamp", ())),)),
            "root/x:TST_Lamp",
        ),
        (
            IntrinsicRequest(
                "ModifyInstance",
                "root/x",
                (Argument("ModifiedInstance", NamedInstance(LAMP, InstanceData("TST_Lamp", ()))),),
            ),
            'root/x:TST_Lamp.Name="desk"',
        ),
        (ExtrinsicRequest("Switch", "root/x", ClassName("TST_Lamp")), "root/x:TST_Lamp"),
        (ExtrinsicRequest("Switch", "root/x", InstancePath("TST_Lamp", (), "root/y")), "root/y:TST_Lamp"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_the_target_is_what_the_request_is_for(request_: Request, target: str) -> None:
    assert Called.of(request_).target == target


def exchange(*calls: Called, **changed: Any) -> Exchange:
    values: dict[str, Any] = {
        "time": 0.0,
        "protocol": "CIM-XML",
        "address": "192.0.2.7",
        "user": "eve",
        "calls": calls,
        "status": 200,
        "detail": "",
        "seconds": 0.0123,
        "request_bytes": 700,
        "response_bytes": 900,
    }
    return Exchange(**values | changed)


def test_a_line_says_who_asked_what_and_what_came_of_it() -> None:
    good = exchange(Called("StopService", 'root/x:TST_Service.Name="a"', 0)).line()
    for part in ("eve", "192.0.2.7", "StopService", 'root/x:TST_Service.Name="a"', "0", "12.3 ms", "700", "900"):
        assert part in good
    failed = exchange(Called.of(IntrinsicRequest("GetClass", "root/x"), CIMError(6, "no class"))).line()
    assert "6 (CIM_ERR_NOT_FOUND: no class)" in failed
    assert "HTTP 401 (who?)" in exchange(status=401, detail="who?", user=None).line()


def test_a_line_stays_short_whatever_clients_send() -> None:
    long = "x" * 100_000
    calls = [Called("GetClass", long, 6, long)] * 1000
    assert len(exchange(*calls, detail=long, status=400).line()) < 10_000
    assert len(exchange(Called(long, long, 0)).line()) < 1000
    assert len(str(exchange(Called(long, long, 6, long), detail=long).fields())) < 2500


# The log


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[LogEvent]:
    found: list[LogEvent] = []
    observer: Any = found.append
    for of in (RequestLog, ClientLogin, Descriptors):
        monkeypatch.setattr(of, "log", Logger("test", observer=observer))
    return found


def test_requests_are_logged_at_info_and_bodies_at_debug(server: Any, post: Post, events: list[LogEvent]) -> None:
    server.remake(recorder=RequestLog(bodies=True))
    peer = server.connect()
    peer.ask(post())
    peer.transport.hang_up()
    assert [each["log_level"] for each in events] == [LogLevel.info, LogLevel.debug, LogLevel.debug]
    assert events[0]["exchange"]["calls"][0]["operation"] == "Echo"
    assert [each["body"] for each in events[1:]] == ["<CIM/>", "<echo><CIM/></echo>"]
    events.clear()
    server.remake(recorder=RequestLog(bodies=False))
    server.connect().ask(post())
    assert [each["log_level"] for each in events] == [LogLevel.info]


def test_failed_logins_are_warnings_that_hold_no_credentials(server: Any, post: Post, events: list[LogEvent]) -> None:
    server.remake({"eve": "secret"}, max_failed_logins=3)
    for text in ("eve:guess1", "hunter2:", "hunter3", "eve:guess4"):
        server.connect().ask(login(post, text))
    server.connect().ask(post())
    assert [each["log_level"] for each in events] == [LogLevel.warn] * 4, "three failures and the end of patience"
    assert not [each for each in events for word in ("guess", "hunter", "secret") if word in str(each)]


def test_a_request_without_credentials_is_not_a_failed_login(server: Any, post: Post, events: list[LogEvent]) -> None:
    server.remake({"eve": "secret"})
    assert server.connect().ask(post()).status == 401
    assert events == []


@pytest.mark.parametrize("code", [EMFILE, ENFILE])
def test_running_out_of_file_descriptors_is_an_error_once_in_a_while(code: int, events: list[LogEvent]) -> None:
    clock = Clock()

    def probe() -> None:
        raise OSError(code, "none left")

    descriptors = Descriptors(clock.seconds, probe)
    for _ in range(21):
        descriptors.check()
        clock.advance(1)
    assert [each["log_level"] for each in events] == [LogLevel.error] * 3


def test_other_failures_of_the_probe_say_nothing_about_descriptors(events: list[LogEvent]) -> None:
    def probe() -> None:
        raise OSError(EACCES, "not that")

    Descriptors(Clock().seconds, probe).check()
    Descriptors(Clock().seconds).check()
    assert events == []


def test_both_records_of_an_exchange_have_the_same_fields() -> None:
    assert HttpExchange.__struct_fields__ == Exchange.__struct_fields__
