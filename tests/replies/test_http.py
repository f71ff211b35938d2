"""The check of HTTP answers, and the relay that brings it those which programs get."""

import socket
import threading
from typing import Final

import pytest

from tests.replies.http import Message, Relay, check_answer, relayed

REQUEST: Final = (
    b'<CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEREQ>'
    b'<IMETHODCALL NAME="EnumerateClassNames"></IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>'
)
REPLY: Final = (
    b'<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0">'
    b'<MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLERSP><IMETHODRESPONSE NAME="EnumerateClassNames">'
    b"<IRETURNVALUE></IRETURNVALUE></IMETHODRESPONSE></SIMPLERSP></MESSAGE></CIM>"
)


def answer(**changes: str) -> Message:
    headers = {
        "content-type": "application/xml; charset=utf-8",
        "content-length": str(len(REPLY)),
        "cimoperation": "MethodResponse",
        "cache-control": "no-cache",
        "wbemserverresponsetime": "12",
    }
    return Message(200, headers | {name.replace("_", "-"): value for name, value in changes.items()}, REPLY)


def test_a_right_answer_passes() -> None:
    check_answer(REQUEST, answer())
    prefixed = answer(man="http://www.dmtf.org/cim/mapping/http/v1.0 ; ns=42", ext="")
    prefixed.headers["42-cimoperation"] = prefixed.headers.pop("cimoperation")
    check_answer(REQUEST, prefixed)  # H7


@pytest.mark.parametrize(
    ("rule", "name", "value"),
    [
        ("HC15", "CIMMethod", "GetClass"),
        ("HC15", "CIMObject", "root/x"),
        ("HE10", "CIMError", "request-with-too-many-elements"),
        ("HE10", "CIMError", "request-not-valid"),
        ("H26", "Content-Type", "Application/XML"),
        ("H26", "Content-Type", "text/html"),
        ("H27", "CIMOperation", "MethodCall"),
        ("H27", "Content-Length", "5"),
        ("H28", "Cache-Control", "private"),
        ("H29", "WBEMServerResponseTime", "0.5"),
        ("H36", "Content-Encoding", "gzip"),
        ("SEC5", "X", "a\r"),
    ],
)
def test_hc15_he10_h26_to_h29_h32_h36_sec5_headers(rule: str, name: str, value: str) -> None:
    with pytest.raises(AssertionError, match=rule):
        check_answer(REQUEST, answer(**{name.lower().replace("-", "_"): value}))


def test_h34_he10_a_refusal_has_no_message() -> None:
    wrong = answer()
    wrong.status = 500
    with pytest.raises(AssertionError, match="H27"):
        check_answer(REQUEST, wrong)


def test_a_relay_checks_what_passes_it() -> None:
    good = answer()
    wrong = answer(cache_control="private")
    for each, fine in ((good, True), (wrong, False)):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            server = threading.Thread(target=_answer_once, args=(listening, each))
            server.start()
            relay = Relay(f"http://127.0.0.1:{listening.getsockname()[1]}")
            serving = threading.Thread(target=relay.serve_forever, args=(0.01,))
            serving.start()
            received = _ask(relay.server_address[1], REQUEST)
            server.join()
            relay.shutdown()
            serving.join()
            relay.server_close()
        assert received.endswith(each.body)
        if fine:
            assert relay.check() == 1
        else:
            with pytest.raises(AssertionError, match="H28"):
                relay.check()


def test_a_relay_that_nobody_used_says_so() -> None:
    with pytest.raises(AssertionError, match="nothing was asked"), relayed("http://127.0.0.1:1"):
        pass


def _answer_once(listening: socket.socket, message: Message) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(65536)
        lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in message.headers.items())]
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + message.body)


def _ask(port: int, body: bytes) -> bytes:
    with socket.create_connection(("localhost", port)) as client:
        client.sendall(b"POST /cimom HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        received = b""
        while data := client.recv(65536):
            received += data
        return received
