"""Events over WS-Management through sockets: pulled by a client that waits, pushed to one that listens (rules WM-EV)."""

import queue
import ssl
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import trustme
from lxml import etree

from cimsim.testing import SimulatedCimom, Simulator
from tests.wsman.conftest import ENUMERATION, EVENTING, MANAGEMENT, NS, WMI, WQL, acknowledgement, envelope

QUERY = (
    "SELECT * FROM __InstanceModificationEvent WITHIN 2 WHERE TargetInstance ISA 'Win32_Service' "
    "AND TargetInstance.State &lt;&gt; PreviousInstance.State"
)
CIMV2 = "root/cimv2"


class Received(NamedTuple):
    """A message that came to a listener."""

    headers: dict[str, str]
    root: Any

    def header(self, path: str) -> str | None:
        text: str | None = self.root.findtext(f"s:Header/{path}", None, NS)
        return text

    @property
    def state(self) -> str | None:
        text: str | None = self.root.findtext("s:Body//{*}TargetInstance/{*}State", None, NS)
        return text


class Listener:
    """Takes what is pushed, and acknowledges it."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.arrived: queue.Queue[Received] = queue.Queue()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                root = etree.fromstring(self.rfile.read(int(self.headers["Content-Length"])))
                received = Received(dict(self.headers.items()), root)
                answer = acknowledgement(received.header("a:MessageID") or "")
                self.send_response(202)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
                outer.arrived.put(received)

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        self.port = self.server.server_port

    def next(self) -> Received:
        return self.arrived.get(timeout=20)

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.stop()


class Connection:
    """A connection of a client to a CIMOM."""

    def __init__(self, cimom: SimulatedCimom) -> None:
        (url,) = (each for each in cimom.urls if each.endswith("/wsman"))
        parts = urlsplit(url)
        self.http = HTTPConnection(parts.hostname or "", parts.port or 0, timeout=20)

    def begin(self, message: bytes) -> None:
        self.http.request("POST", "/wsman", message, {"Content-Type": "application/soap+xml;charset=UTF-8"})

    def end(self) -> Any:
        return etree.fromstring(self.http.getresponse().read())

    def send(self, message: bytes) -> Any:
        self.begin(message)
        return self.end()


@pytest.fixture(scope="module")
def shared(cache_dir: Path) -> Iterator[Simulator]:
    with Simulator("windows", clock="manual", cache_dir=cache_dir) as made:
        yield made


@pytest.fixture
def simulator(shared: Simulator) -> Simulator:
    """A simulator without subscriptions, and as it was loaded."""
    shared.reset()
    return shared


@pytest.fixture
def connection(simulator: Simulator) -> Iterator[Connection]:
    made = Connection(simulator)
    yield made
    made.http.close()


def subscription(delivery: str, mode: str, further: str = "") -> bytes:
    chosen = f'<w:Filter Dialect="{WQL}">{QUERY}</w:Filter>'
    body = f'<e:Subscribe><e:Delivery Mode="{mode}">{delivery}</e:Delivery>{chosen}{further}</e:Subscribe>'
    return envelope(f"{EVENTING}Subscribe", f"{WMI}{CIMV2}/*", body)


def notify(listener: Listener, scheme: str = "http", name: str = "NotifyTo") -> str:
    return f"<e:{name}><a:Address>{scheme}://127.0.0.1:{listener.port}/</a:Address></e:{name}>"


def pull_message(connection: Connection) -> bytes:
    context = connection.send(subscription("", f"{MANAGEMENT}Pull")).findtext(".//n:EnumerationContext", None, NS)
    inner = f"<n:EnumerationContext>{context}</n:EnumerationContext>"
    return envelope(f"{ENUMERATION}Pull", f"{WMI}{CIMV2}/*", f"<n:Pull>{inner}</n:Pull>")


def until_it_waits(cimom: SimulatedCimom) -> None:
    """Return once a Pull waits: nothing else in these CIMOMs waits on the clock, which stands still."""
    for _ in range(100_000):
        if cimom.in_reactor(lambda: cimom._cimom.clock.due) is not None:
            return
    raise TimeoutError


def stop_service(cimom: SimulatedCimom, name: str = "Spooler") -> None:
    """Stop a service and have everything happen that follows, two seconds after the other."""
    (service,) = cimom.find("Win32_Service", CIMV2, Name=name)
    assert cimom.invoke(service, "StopService", CIMV2).value == 0
    for _ in range(5):
        cimom.advance(2)


def test_wm_ev_11_a_pull_waits_until_something_happens(simulator: Simulator, connection: Connection) -> None:
    connection.begin(pull_message(connection))
    until_it_waits(simulator)
    stop_service(simulator)
    event = connection.end().find(".//n:Items", NS)[0]
    assert event.findtext("{*}PreviousInstance/{*}State") == "Running"
    assert event.findtext("{*}TargetInstance/{*}State") == "Stopped"
    simulator.expect("Subscribe").once()


def test_wm_ev_14_a_simulator_that_stops_answers_who_waits() -> None:
    with Simulator("windows", clock="manual") as simulator:
        connection = Connection(simulator)
        connection.begin(pull_message(connection))
        until_it_waits(simulator)
    assert connection.end().findtext(".//s:Subcode/s:Value", None, NS) == "n:InvalidEnumerationContext"
    connection.http.close()


@pytest.mark.parametrize("mode", [f"{EVENTING}DeliveryModes/Push", f"{MANAGEMENT}PushWithAck", f"{MANAGEMENT}Events"])
def test_wm_ev_8_9_10_events_are_pushed(simulator: Simulator, connection: Connection, listener: Listener, mode: str) -> None:
    connection.send(subscription(notify(listener), mode))
    stop_service(simulator)
    received = listener.next()
    assert received.headers["Content-Type"] == "application/soap+xml;charset=UTF-8"
    assert received.state == "Stopped"


def test_wm_ev_14_reset_ends_a_subscription(simulator: Simulator, connection: Connection, listener: Listener) -> None:
    connection.send(subscription("", f"{MANAGEMENT}Pull", notify(listener, name="EndTo")))
    simulator.reset()
    received = listener.next()
    assert received.header("a:Action") == f"{EVENTING}SubscriptionEnd"
    assert received.root.findtext(".//e:Status", None, NS) == f"{EVENTING}SourceCancelling"


def test_wm_ev_4_events_over_tls_go_to_listeners_that_are_trusted(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    listener = Listener(context)
    try:
        with Simulator("windows", clock="manual", listener_ca=tmp_path / "ca.pem") as simulator:
            connection = Connection(simulator)
            connection.send(subscription(notify(listener, "https"), f"{MANAGEMENT}PushWithAck"))
            stop_service(simulator)
            assert listener.next().state == "Stopped"
            connection.http.close()
    finally:
        listener.stop()


def test_wm_ev_4_sec14_events_go_to_allowed_listeners_only(listener: Listener) -> None:
    with Simulator("windows", clock="manual", allow_listener=["192.0.2.0/24"]) as simulator:
        connection = Connection(simulator)
        root = connection.send(subscription(notify(listener), f"{EVENTING}DeliveryModes/Push"))
        assert root.findtext(".//s:Subcode/s:Value", None, NS) == "w:EventDeliverToUnusable"
        connection.http.close()


def managing(action: str, identifier: str | None) -> bytes:
    headers = f"<e:Identifier>{identifier}</e:Identifier>"
    return envelope(f"{EVENTING}{action}", None, f"<e:{action}/>", headers=headers)


@pytest.mark.parametrize("name", ["Subscribe", "Renew", "GetStatus", "Unsubscribe", "PullEvents"])
def test_what_is_wrong_on_purpose_is_wrong_for_eventing_too(simulator: Simulator, connection: Connection, name: str) -> None:
    """Each kind of message meets an HTTP status, a CIM error, an answer that is not XML, and one that comes late."""
    made = connection.send(subscription("", f"{MANAGEMENT}Pull"))
    identifier = made.findtext(".//e:Identifier", None, NS)
    stop_service(simulator)
    pull = f"<n:Pull><n:EnumerationContext>subscription:{identifier}</n:EnumerationContext></n:Pull>"
    message = {
        "Subscribe": subscription("", f"{MANAGEMENT}Pull"),
        "PullEvents": envelope(f"{ENUMERATION}Pull", f"{WMI}{CIMV2}/*", pull),
    }.get(name) or managing(name, identifier)

    def answer() -> tuple[int, bytes]:
        connection.begin(message)
        response = connection.http.getresponse()
        return response.status, response.read()

    simulator.fault(operation=name, http=503, times=1)
    assert answer() == (503, b"")
    simulator.fault(operation=name, error=("failed", "on purpose"), times=1)
    status, body = answer()
    assert (status, b"on purpose" in body) == (500, True)
    simulator.fault(operation=name, delay="5s clock", error="failed", times=1)
    connection.begin(message)
    until_it_waits(simulator)
    simulator.advance(5)
    assert connection.http.getresponse().read()
    if name not in ("Unsubscribe", "PullEvents"):
        simulator.fault(operation=name, malformed=True, times=1)
        with pytest.raises(etree.XMLSyntaxError):
            etree.fromstring(answer()[1])
    assert answer()[0] == 200
    statuses = [each.status for each in simulator.calls(name)]
    assert statuses[-1] == 0
    assert statuses.count(1) == 3


def test_names_that_no_record_has_are_refused(simulator: Simulator) -> None:
    for name in ("Pull", "Subscribed"):
        with pytest.raises(LookupError):
            simulator.calls(name)
