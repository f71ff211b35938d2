"""An endpoint in this process, on a reactor whose connections and clock are in memory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from twisted.internet import testing
from twisted.internet.address import IPv4Address

from cimsim.packs.load import Loaded, load
from cimsim.quirks.profiles import PROFILES
from cimsim.simulation.endpoint import Endpoint, EndpointOptions

MOF: Final = 'class T_Thing { [Key] string Id; };\ninstance of T_Thing { Id = "%s"; };\n'
BODY: Final = (
    b'<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0">'
    b'<SIMPLEREQ><IMETHODCALL NAME="EnumerateInstances"><LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="test"/>'
    b'</LOCALNAMESPACEPATH><IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="T_Thing"/></IPARAMVALUE></IMETHODCALL></SIMPLEREQ>'
    b"</MESSAGE></CIM>"
)
HEAD: Final = (
    "POST /cimom HTTP/1.1\r\nHost: h\r\nContent-Type: application/xml; charset=utf-8\r\nContent-Length: %d\r\n"
    "CIMOperation: MethodCall\r\nCIMMethod: EnumerateInstances\r\nCIMObject: root/test\r\n\r\n"
)
# These carry no types.
MemoryReactorClock: Any = testing.MemoryReactorClock
StringTransport: Any = testing.StringTransport
Things = Callable[[str], Loaded]


@pytest.fixture
def things(tmp_path: Path) -> Things:
    """Load MOF with one instance of the given key."""

    def made(key: str) -> Loaded:
        file = tmp_path / "things.mof"
        file.write_text(MOF % key, encoding="utf-8")
        return load([file], cache_dir=None, now=0.0, namespace="root/test")

    return made


def ask(reactor: Any) -> bytes:
    """Return what the endpoint answers to a client that enumerates the things."""
    factory: Any = reactor.tcpServers[0][1]
    protocol = factory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 40000))
    transport = StringTransport()
    protocol.makeConnection(transport)
    protocol.dataReceived((HEAD % len(BODY)).encode() + BODY)
    for _ in range(10):
        reactor.advance(0)
    answer: bytes = transport.value()
    return answer


def test_it_answers_and_goes_on_with_other_packs(things: Things) -> None:
    reactor = MemoryReactorClock()
    endpoint = Endpoint(reactor, things("before"), EndpointOptions(port=5988, start=0.0))
    assert endpoint.listen() == ["http://0.0.0.0:5988"]
    assert b"<VALUE>before</VALUE>" in ask(reactor)
    endpoint.renew(things("after"))
    answer = ask(reactor)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"<VALUE>after</VALUE>" in answer


def test_users_need_credentials(things: Things) -> None:
    reactor = MemoryReactorClock()
    Endpoint(reactor, things("a"), EndpointOptions(users={"eve": "secret"})).listen()
    assert ask(reactor).startswith(b"HTTP/1.1 401 ")


@pytest.mark.longer
@pytest.mark.parametrize("name", sorted(PROFILES))
def test_it_serves_with_the_habits_of_another_server(things: Things, name: str) -> None:
    reactor = MemoryReactorClock()
    Endpoint(reactor, things("a"), EndpointOptions(quirks=PROFILES[name], start=0.0)).listen()
    assert b"<VALUE>a</VALUE>" in ask(reactor)


def test_it_stops_when_nobody_is_connected(things: Things) -> None:
    reactor = MemoryReactorClock()
    endpoint = Endpoint(reactor, things("a"), EndpointOptions())
    endpoint.listen()
    ended: list[Any] = []
    endpoint.stop().addCallback(ended.append)
    reactor.advance(0)
    assert len(ended) == 1
    assert reactor.getDelayedCalls() == []
