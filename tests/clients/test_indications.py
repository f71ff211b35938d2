"""Indications that arrive: pywbem's listener, pywbemlistener, pywbem's subscription manager and pywbemcli (rules I1 to I26)."""

import json
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import trustme
from pywbem import (
    CIMClass,
    CIMError,
    CIMInstance,
    CIMInstanceName,
    CIMProperty,
    CIMQualifier,
    Uint16,
    WBEMConnection,
    WBEMListener,
    WBEMServer,
    WBEMSubscriptionManager,
)

from cimsim import __version__

# pywbem's listener makes its TLS context by a name that Python wants to be rid of.
pytestmark = pytest.mark.filterwarnings("ignore:ssl.PROTOCOL_TLS is deprecated:DeprecationWarning")

HYPERV = "root/virtualization/v2"
INTEROP = "root/interop"
STARTED = (
    "SELECT * FROM CIM_InstModification WHERE SourceInstance ISA CIM_Service "
    "AND SourceInstance.Started <> PreviousInstance.Started"
)


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


class Listener:
    """pywbem's listener, with what arrived and when."""

    def __init__(self, **options: Any) -> None:
        self.arrived: queue.Queue[CIMInstance] = queue.Queue()
        self.port = free_port()
        ports = {"https_port" if "certfile" in options else "http_port": self.port}
        self.url = f"{'https' if 'certfile' in options else 'http'}://127.0.0.1:{self.port}"
        self.listener = WBEMListener("127.0.0.1", **ports, **options)

        def take(indication: CIMInstance, host: str) -> None:
            self.arrived.put(indication)

        self.listener.add_callback(take)

    def next(self) -> CIMInstance:
        return self.arrived.get(timeout=20)


Listen = Callable[..., Listener]


@pytest.fixture(scope="module")
def listen() -> Iterator[Listen]:
    """Start listeners; they stop at the end, all at once, since pywbem's takes two seconds for it."""
    started: list[Listener] = []

    def start(**options: Any) -> Listener:
        made = Listener(**options)
        made.listener.start()
        started.append(made)
        return made

    yield start
    threads = [threading.Thread(target=each.listener.stop) for each in started]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.fixture
def listener(listen: Listen) -> Listener:
    return listen()


@pytest.fixture(scope="module")
def hyperv_server(launch: "Callable[..., AbstractContextManager[Any]]") -> Iterator[Any]:
    with launch("hyperv", "--listener-timeout", "300") as running:
        yield running


@pytest.fixture
def hyperv(hyperv_server: Any) -> Iterator[WBEMConnection]:
    with WBEMConnection(hyperv_server.url, default_namespace=HYPERV) as connection:
        yield connection


class Subscriber:
    """Subscribes by pywbem's subscription manager; all of it ends with the test."""

    def __init__(self, connection: WBEMConnection) -> None:
        self.manager = WBEMSubscriptionManager("tester")
        self.identifier = self.manager.add_server(WBEMServer(connection))

    def subscribe(self, url: str, query: str, *sources: str, name: str = "f", owned: bool = True, **more: Any) -> CIMInstance:
        names = {"destination_id" if owned else "name": f"{name}-destination"}
        destination = self.manager.add_destination(self.identifier, url, owned, **names)
        names = {"filter_id" if owned else "name": f"{name}-filter"}
        wanted = self.manager.add_filter(self.identifier, list(sources or (HYPERV,)), query, "WQL", owned, **names)
        (subscription,) = self.manager.add_subscriptions(self.identifier, wanted.path, destination.path, owned)
        return subscription


@pytest.fixture
def subscriber(hyperv: WBEMConnection) -> Iterator[Subscriber]:
    made = Subscriber(hyperv)
    yield made
    made.manager.remove_all_servers()


@pytest.fixture
def service(hyperv: WBEMConnection) -> Iterator[CIMInstanceName]:
    (path,) = hyperv.EnumerateInstanceNames("Msvm_GuestCommunicationService")
    yield path
    hyperv.InvokeMethod("StartService", path)


def test_i19_i21_a_stopped_service_is_told_once(
    hyperv: WBEMConnection, service: CIMInstanceName, listener: Listener, subscriber: Subscriber
) -> None:
    subscriber.subscribe(listener.url, STARTED)
    hyperv.InvokeMethod("StopService", service)
    told = listener.next()
    assert (told.classname, told.path) == ("CIM_InstModification", None)
    before, after = told["PreviousInstance"], told["SourceInstance"]
    names = ("Started", "EnabledState", "Status")
    assert [before[name] for name in names] == [True, 2, "OK"]
    assert [after[name] for name in names] == [False, 3, "Stopped"]
    assert told["IndicationFilterName"] == "pywbemfilter:tester:f-filter", "I14, I20"
    path = CIMInstanceName.from_wbem_uri(told["SourceInstanceModelPath"])
    assert dict(path.keybindings) == dict(service.keybindings)
    assert hyperv.GetInstance(path)["Started"] is False
    # What follows comes behind it, so nothing else came in between.
    hyperv.InvokeMethod("StartService", service)
    assert listener.next()["SourceInstance"]["Started"] is True
    assert listener.arrived.empty()


def test_each_stop_and_start_is_told_once_and_in_order(
    hyperv: WBEMConnection, service: CIMInstanceName, listener: Listener, subscriber: Subscriber
) -> None:
    subscriber.subscribe(listener.url, STARTED)
    for number in range(20):
        hyperv.InvokeMethod("StartService" if number % 2 else "StopService", service)
    assert [listener.next()["SourceInstance"]["Started"] for _ in range(20)] == [False, True] * 10
    assert listener.arrived.empty()


def test_i19_i23_instances_methods_and_classes_in_order(
    hyperv: WBEMConnection, service: CIMInstanceName, listener: Listener, subscriber: Subscriber
) -> None:
    subscriber.subscribe(listener.url, "SELECT * FROM CIM_Indication")
    hyperv.InvokeMethod("StopService", service)
    key = CIMProperty("Name", None, "string", qualifiers=[CIMQualifier("Key", True)])
    hyperv.CreateClass(CIMClass("T_Thing", [key, CIMProperty("More", None, "string")]))
    thing = hyperv.CreateInstance(CIMInstance("T_Thing", {"Name": "n", "More": "ü <&"}))
    hyperv.DeleteInstance(thing)
    hyperv.DeleteClass("T_Thing")
    told: list[CIMInstance] = []
    while not told or told[-1].classname != "CIM_ClassDeletion":
        told.append(listener.next())
    names = [each.classname.removeprefix("CIM_") for each in told]
    call = names.index("InstMethodCall", 1)
    assert names[0] == names[call] == "InstMethodCall"
    assert set(names[1:call]) == {"InstModification"}
    assert names[call + 1 :] == ["ClassCreation", "InstCreation", "InstDeletion", "ClassDeletion"]
    assert (told[0]["PreCall"], told[call]["PreCall"], told[call]["ReturnValue"]) == (True, False, "0")
    assert told[call + 1]["ClassDefinition"].classname == "T_Thing"
    assert told[call + 2]["SourceInstance"]["More"] == "ü <&"
    assert [each["SequenceNumber"] for each in told] == list(range(len(told)))
    assert len({each["SequenceContext"] for each in told}) == 1
    assert len({each["IndicationIdentifier"] for each in told}) == len(told), "I20"


def test_i2_i21_columns_and_namespaces(
    hyperv: WBEMConnection, service: CIMInstanceName, listener: Listener, subscriber: Subscriber
) -> None:
    query = "SELECT SourceInstance, IndicationFilterName FROM CIM_InstModification"
    subscriber.subscribe(listener.url, query, INTEROP)
    hyperv.InvokeMethod("StopService", service)
    (manager,) = hyperv.EnumerateInstanceNames("CIM_ObjectManager", namespace=INTEROP)
    hyperv.InvokeMethod("StopService", manager)
    told = listener.next()
    hyperv.InvokeMethod("StartService", manager)
    assert sorted(told.keys()) == ["IndicationFilterName", "SourceInstance"]
    assert told["SourceInstance"].classname == "CIM_ObjectManager"


class Raw:
    """A listener without manners: it takes one connection after the other, and answers each request as it is told to."""

    def __init__(self, answer: Callable[[socket.socket, bytes], None], host: str = "127.0.0.1") -> None:
        self.requests: queue.Queue[bytes] = queue.Queue()
        self._answer = answer
        self._connection: socket.socket | None = None
        self._socket = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                self._connection, _ = self._socket.accept()
                with self._connection, suppress(OSError):
                    self._connection.settimeout(20)
                    message = self._read(self._connection)
                    self.requests.put(message)
                    self._answer(self._connection, message)

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        message = connection.recv(65536)
        while b"</CIM>" not in message:
            message += connection.recv(65536)
        return message

    def stop(self) -> None:
        # Unlike closing, this ends what the thread waits for.
        for each in (self._socket, self._connection):
            with suppress(OSError):
                if each is not None:
                    each.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(20)
        assert not self._thread.is_alive()


def no_answer(connection: socket.socket, message: bytes) -> None:
    connection.recv(1)  # until the other end goes away


def drops(connection: socket.socket, message: bytes) -> None:
    while True:
        connection.sendall(b"H")
        time.sleep(0.05)


def nothing(connection: socket.socket, message: bytes) -> None:
    """Close."""


def garbage(connection: socket.socket, message: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\0<>")


def well(connection: socket.socket, message: bytes) -> None:
    identifier = message.partition(b'<MESSAGE ID="')[2].partition(b'"')[0]
    connection.sendall(
        b"HTTP/1.0 200 OK\r\nCIMExport: MethodResponse\r\n\r\n"
        b'<CIM CIMVERSION="2.0" DTDVERSION="2.4"><MESSAGE ID="%b" PROTOCOLVERSION="1.4"><SIMPLEEXPRSP>'
        b'<EXPMETHODRESPONSE NAME="ExportIndication"/></SIMPLEEXPRSP></MESSAGE></CIM>' % identifier
    )


@pytest.fixture
def raw() -> Iterator[Callable[..., Raw]]:
    """Start listeners without manners."""
    with ExitStack() as stack:

        def start(*arguments: Any) -> Raw:
            made = Raw(*arguments)
            stack.callback(made.stop)
            return made

        yield start


def test_i15_hc14_i24_requests_as_they_are_sent(
    hyperv: WBEMConnection, service: CIMInstanceName, subscriber: Subscriber, raw: Any
) -> None:
    taken = raw(well, "::1")
    subscriber.subscribe(taken.url, STARTED)
    for method in ("StopService", "StartService"):
        hyperv.InvokeMethod(method, service)
        # The second only comes when the first has arrived.
        head, _, body = taken.requests.get(timeout=20).partition(b"\r\n\r\n")
        first, *headers = head.decode("ascii").split("\r\n")
        assert first == "POST / HTTP/1.1"
        assert sorted(headers) == [
            "Accept: */*",
            "CIMExport: MethodRequest",
            "CIMExportMethod: ExportIndication",
            "CIMProtocolVersion: 1.0",
            "Connection: close",
            f"Content-Length: {len(body)}",
            'Content-Type: application/xml; charset="utf-8"',
            f"Host: {taken.url.removeprefix('http://')}",
            f"User-Agent: cimsim/{__version__}",
        ]


def test_i24_a_dead_listener_holds_up_nobody(
    hyperv: WBEMConnection, service: CIMInstanceName, listener: Listener, subscriber: Subscriber, raw: Any
) -> None:
    for number, answer in enumerate((no_answer, drops, nothing, garbage)):
        subscriber.subscribe(raw(answer).url, STARTED, name=f"bad{number}")
    subscriber.subscribe(f"http://127.0.0.1:{free_port()}", STARTED, name="nobody")
    subscriber.subscribe(listener.url, STARTED, name="alive")
    for method, value in (("StopService", False), ("StartService", True), ("StopService", False)):
        hyperv.InvokeMethod(method, service)
        # A delivery to a listener that says nothing takes far longer than this waits.
        assert listener.next()["SourceInstance"]["Started"] is value


@pytest.mark.parametrize("answer", [no_answer, drops])
def test_a_server_stops_at_once_while_it_delivers(launch: Any, raw: Any, answer: Any) -> None:
    taken = raw(answer)
    # The fixture waits for its end, but not as long as this delivery may take.
    with launch("hyperv", "--listener-timeout", "300") as server:
        stop_service(server.url, taken)
        taken.requests.get(timeout=20)


def test_i8_i11_i12_permanent_subscriptions(
    hyperv: WBEMConnection, service: CIMInstanceName, listener: Listener, subscriber: Subscriber
) -> None:
    subscription = subscriber.subscribe(listener.url, STARTED, owned=False)
    path = subscription.path

    def change(**properties: Any) -> None:
        hyperv.ModifyInstance(CIMInstance(path.classname, properties, path=path))

    change(SubscriptionState=Uint16(4))
    hyperv.InvokeMethod("StopService", service)
    change(SubscriptionState=Uint16(2))
    hyperv.InvokeMethod("StartService", service)
    assert listener.next()["SourceInstance"]["Started"] is True
    hyperv.ModifyInstance(CIMInstance(path.classname, [CIMProperty("SubscriptionDuration", 3600, "uint64")], path=path))
    assert 3590 < hyperv.GetInstance(path)["SubscriptionTimeRemaining"] <= 3600
    for each in (path, subscription["Filter"], subscription["Handler"]):
        hyperv.DeleteInstance(each)


def static_filter(conn: WBEMConnection, name: str) -> CIMInstanceName:
    (path,) = [each for each in conn.EnumerateInstanceNames("CIM_IndicationFilter", INTEROP) if each["Name"] == name]
    return path


def test_static_filters_and_collections_can_be_subscribed_to(
    hyperv: WBEMConnection, service: CIMInstanceName, listener: Listener, subscriber: Subscriber
) -> None:
    destination = subscriber.manager.add_destination(subscriber.identifier, listener.url, destination_id="static")
    static = static_filter(hyperv, "cimsim:hyperv:services")
    subscriber.manager.add_subscriptions(subscriber.identifier, static, destination.path)
    hyperv.InvokeMethod("StopService", service)
    assert listener.next()["IndicationFilterName"] == "cimsim:hyperv:services"
    (collection,) = hyperv.EnumerateInstanceNames("CIM_FilterCollection", INTEROP)
    ends = {"Filter": collection, "Handler": destination.path}
    both = hyperv.CreateInstance(CIMInstance("CIM_FilterCollectionSubscription", ends), INTEROP)
    (machine,) = [each.path for each in hyperv.EnumerateInstances("Msvm_ComputerSystem") if each["ElementName"] == "old01"]
    hyperv.InvokeMethod("RequestStateChange", machine, RequestedState=Uint16(2))
    told = listener.next()
    while told["IndicationFilterName"] == "cimsim:hyperv:services":
        told = listener.next()
    assert told["IndicationFilterName"] == "cimsim:hyperv:machine-states"
    assert told["SourceInstance"]["ElementName"] == "old01"
    hyperv.DeleteInstance(both)
    hyperv.InvokeMethod("RequestStateChange", machine, RequestedState=Uint16(3))


def test_static_filters_stay_as_they_are(hyperv: WBEMConnection) -> None:
    path = static_filter(hyperv, "cimsim:hyperv:services")
    (manages,) = hyperv.ReferenceNames(path, ResultClass="CIM_ServiceAffectsElement")
    assert manages.namespace == INTEROP
    wanted = hyperv.GetInstance(path)
    wanted["Query"] = "SELECT * FROM CIM_InstCreation"
    with pytest.raises(CIMError) as deleted:
        hyperv.DeleteInstance(path)
    with pytest.raises(CIMError) as changed:
        hyperv.ModifyInstance(wanted)
    assert (deleted.value.status_code, changed.value.status_code) == (7, 7)


def await_due(server: Any) -> str:
    """Return when the server's clock has something to do next, once it has."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with urlopen(f"{server.control}/clock", timeout=20) as answer:
            due = json.load(answer)["due"]
        if due is not None:
            return str(due)
        time.sleep(0.01)
    raise AssertionError("nothing becomes due")


def test_i22_i23_a_late_listener_gets_it_when_the_clock_is_advanced(launch: Any) -> None:
    late = Listener()
    with launch("hyperv", "--clock", "manual") as server:
        stop_service(server.url, late)
        assert await_due(server) == "2025-03-10T12:00:30.000000Z", "the next try"
        late.listener.start()
        try:
            server.advance("next")
            told = late.next()
        finally:
            late.listener.stop()
    assert (told["SourceInstance"]["Started"], told["SequenceNumber"]) == (False, 0)
    assert str(told["IndicationTime"]) == "20250310120000.000000+000", "when it happened, not when it was sent"
    assert told["IndicationIdentifier"] == "cimsim:20250310120000.000000+000:1"


@pytest.fixture
def listener_ca(listen: Listen, tmp_path: Path) -> tuple[Path, Listener]:
    """A listener that speaks HTTPS, and the file of its CA."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued = ca.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "listener.pem")
    certificate = str(tmp_path / "listener.pem")
    return tmp_path / "ca.pem", listen(certfile=certificate, keyfile=certificate)


def stop_service(url: str, listener: Listener | Raw) -> None:
    with WBEMConnection(url, default_namespace=HYPERV) as connection:
        subscriber = Subscriber(connection)
        subscriber.subscribe(listener.url, STARTED)
        (path,) = connection.EnumerateInstanceNames("Msvm_GuestCommunicationService")
        connection.InvokeMethod("StopService", path)


@pytest.mark.parametrize("verified", [True, False])
def test_i26_https_listeners(launch: Any, listener_ca: tuple[Path, Listener], verified: bool) -> None:
    ca, listener = listener_ca
    arguments = ("--listener-ca", str(ca)) if verified else ("--no-verify-listeners",)
    with launch("hyperv", *arguments) as server:
        stop_service(server.url, listener)
        assert listener.next()["SourceInstance"]["Started"] is False


def test_i26_an_https_listener_of_an_unknown_ca_gets_nothing(
    launch: Any, listener_ca: tuple[Path, Listener], listener: Listener
) -> None:
    _, secure = listener_ca
    with launch("hyperv") as server:
        stop_service(server.url, secure)
        with WBEMConnection(server.url, default_namespace=HYPERV) as connection:
            # Long enough for both: this one is connected to later.
            Subscriber(connection).subscribe(listener.url, STARTED, name="plain")
            (path,) = connection.EnumerateInstanceNames("Msvm_GuestCommunicationService")
            connection.InvokeMethod("StartService", path)
        assert listener.next()["SourceInstance"]["Started"] is True
        assert secure.arrived.empty()


def test_sec14_only_allowed_listeners_are_reached(launch: Any, listen: Listen) -> None:
    listener, other = listen(), listen()
    with launch("hyperv", "--allow-listener", f"127.0.0.1:{listener.port}") as server:
        stop_service(server.url, other)
        with WBEMConnection(server.url, default_namespace=HYPERV) as connection:
            Subscriber(connection).subscribe(listener.url, STARTED, name="allowed")
            (path,) = connection.EnumerateInstanceNames("Msvm_GuestCommunicationService")
            connection.InvokeMethod("StartService", path)
        assert listener.next()["SourceInstance"]["Started"] is True
        assert other.arrived.empty()


def await_text(path: Path, text: str) -> str:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        content = path.read_text(encoding="utf-8") if path.exists() else ""
        if text in content:
            return content
        time.sleep(0.01)
    raise AssertionError(f"{text!r} does not appear")


def await_port(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise AssertionError(f"nobody listens on port {port}")


def test_ct4_pywbemcli_subscribes_pywbemlistener_listens(
    hyperv_server: Any, hyperv: WBEMConnection, service: CIMInstanceName, pywbemcli: Any, tmp_path: Path
) -> None:
    program = shutil.which("pywbemlistener", path=str(Path(sys.executable).parent))
    assert program
    port, file = free_port(), tmp_path / "indications"
    options = ["--scheme", "http", "--port", str(port), "--bind-addr", "127.0.0.1", "--indi-file", str(file)]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([program, "run", f"cimsim-{port}", *options], stdout=log, stderr=log)
    try:
        await_port(port)

        def cli(*arguments: str) -> str:
            printed = pywbemcli(hyperv_server, INTEROP, "subscription", *arguments)
            assert printed.status == 0, printed
            return str(printed.out)

        cli("add-destination", "d1", "--listener-url", f"http://127.0.0.1:{port}")
        cli("add-filter", "f1", "-q", STARTED, "--source-namespaces", HYPERV)
        cli("add-subscription", "d1", "f1")
        assert "CIM_IndicationSubscription | 1 |" in " ".join(cli("list").split())
        hyperv.InvokeMethod("StopService", service)
        assert "instance of CIM_InstModification" in await_text(file, "Msvm_GuestCommunicationService")
        cli("remove-subscription", "d1", "f1")
        cli("remove-filter", "f1")
        cli("remove-destination", "d1")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
