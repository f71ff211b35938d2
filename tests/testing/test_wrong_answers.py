"""Answers that are wrong on purpose, as pywbem, wbemcli and a bare socket receive them."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import pywbem
from pywbem import CIMError, HTTPError, ParseError, WBEMConnection

from cimsim.testing import RuleError, SimulatedCimom
from tests.testing.bare_socket import exchanged

pytestmark = pytest.mark.cimsim(packs=["interop"], clock="manual")
CLASS = "CIM_ObjectManager"
BODY = (
    b'<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1" PROTOCOLVERSION="1.0">'
    b'<SIMPLEREQ><IMETHODCALL NAME="EnumerateInstanceNames"><LOCALNAMESPACEPATH><NAMESPACE NAME="root"/>'
    b'<NAMESPACE NAME="interop"/></LOCALNAMESPACEPATH><IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="CIM_ObjectManager"/>'
    b"</IPARAMVALUE></IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>"
)
HEAD = (
    b"POST /cimom HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/xml; charset=utf-8\r\nContent-Length: %d\r\n"
    b"CIMOperation: MethodCall\r\nCIMMethod: EnumerateInstanceNames\r\nCIMObject: root/interop\r\n\r\n"
)


def received(cimom: SimulatedCimom) -> tuple[bytes, bytes, bool]:
    """Send a request on a bare socket; return head and body of all that comes until the server closes, and whether it reset."""
    parts = urlsplit(cimom.url)
    return exchanged((parts.hostname or "", parts.port or 0), HEAD % len(BODY) + BODY)


def length_of(head: bytes) -> int:
    (line,) = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return int(line.partition(b":")[2])


@pytest.fixture
def whole(cimsim: SimulatedCimom) -> int:
    """The length of the right answer."""
    cimsim.fault(operation="EnumerateInstanceNames", stale=True, times=1)
    head, body, _ = received(cimsim)
    assert length_of(head) == len(body)
    return len(body)


def test_stale_a_connection_that_was_to_stay_open_is_closed(cimsim: SimulatedCimom) -> None:
    cimsim.fault(stale=True)
    head, body, reset = received(cimsim)
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert b"connection: close" not in head.lower()
    assert body.rstrip().endswith(b"</CIM>")
    assert not reset


@pytest.mark.parametrize("cim_error", [None, "request-not-valid"])
def test_http_a_status_with_or_without_cimerror(cimsim: SimulatedCimom, cim_error: str | None) -> None:
    cimsim.fault(http=503 if cim_error is None else [503, cim_error], stale=True)
    head, body, _ = received(cimsim)
    assert head.startswith(b"HTTP/1.1 503 ")
    assert (b"CIMError: request-not-valid" in head) == (cim_error is not None)
    assert body == b""


@pytest.mark.parametrize("place", ["before", "within", "after"])
def test_reset_before_within_or_after_the_answer(cimsim: SimulatedCimom, whole: int, place: str) -> None:
    cimsim.fault(reset=place)
    _, body, reset = received(cimsim)
    assert reset
    # What a reset overtakes is lost.
    assert len(body) in {"before": {0}, "within": {0, whole // 2}, "after": {0, whole}}[place]


def test_truncate_the_answer_ends_early(cimsim: SimulatedCimom, whole: int) -> None:
    cimsim.fault(truncate=100)
    head, body, reset = received(cimsim)
    assert (length_of(head), len(body), reset) == (whole, 100, False)


@pytest.mark.parametrize("difference", [-5, 7])
def test_length_content_length_is_wrong(cimsim: SimulatedCimom, whole: int, difference: int) -> None:
    cimsim.fault(length=difference)
    head, body, _ = received(cimsim)
    assert (length_of(head), len(body)) == (whole + difference, whole)


def test_malformed_the_length_is_right_and_the_xml_is_not(cimsim: SimulatedCimom, whole: int) -> None:
    cimsim.fault(malformed=True, stale=True)
    head, body, _ = received(cimsim)
    assert length_of(head) == len(body) == whole // 2


def test_trickle_and_delay_hold_nobody_else(cimsim: SimulatedCimom) -> None:
    """One answer waits for the clock of the CIMOM, another takes its time; a third client is served meanwhile."""
    cimsim.fault(operation="EnumerateInstanceNames", delay="3600s clock", trickle=10_000, stale=True)
    parts = urlsplit(cimsim.url)
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=20) as waiting:
        waiting.sendall(HEAD % len(BODY) + BODY)
        with cimsim.connect("root/interop") as connection:
            assert connection.GetClass(CLASS).classname == CLASS
        while not any(each.hits for each in cimsim.faults):
            with cimsim.connect("root/interop") as connection:
                connection.GetClass(CLASS)
        waiting.setblocking(False)
        with pytest.raises(BlockingIOError):
            waiting.recv(1)
        waiting.settimeout(20)
        cimsim.advance(3600)
        data = b""
        while part := waiting.recv(65536):
            data += part
    assert data.rstrip().endswith(b"</CIM>")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"error": [1, "busy"]}, CIMError),
        ({"http": 500}, HTTPError),
        ({"truncate": 10}, pywbem.ConnectionError),
        ({"malformed": True}, ParseError),
        ({"length": 20}, pywbem.ConnectionError),
        ({"length": -5}, ParseError),
        ({"reset": "within"}, pywbem.ConnectionError),
        ({"stale": True}, None),
        ({"delay": "1ms"}, None),
        ({"trickle": 1_000_000}, None),
    ],
    ids=str,
)
def test_pywbem(cimsim: SimulatedCimom, fault: dict[str, Any], error: type[Exception] | None, unchecked: set[str]) -> None:
    unchecked.add(urlsplit(cimsim.url).netloc)
    handle = cimsim.fault(operation="EnumerateInstanceNames", times=1, **fault)
    with cimsim.connect("root/interop") as connection:
        if error is None:
            assert len(connection.EnumerateInstanceNames(CLASS)) == 1
        else:
            with pytest.raises(error):
                connection.EnumerateInstanceNames(CLASS)
        assert handle.hits == 1
    with cimsim.connect("root/interop") as connection:
        assert len(connection.EnumerateInstanceNames(CLASS)) == 1


@pytest.mark.parametrize("fault", [{"error": [1, "busy"]}, {"http": 500}, {"malformed": True}, {"reset": "before"}], ids=str)
def test_wbemcli(cimsim: SimulatedCimom, fault: dict[str, Any]) -> None:
    program = shutil.which("wbemcli")
    if program is None:
        assert os.environ.get("CI") != "true", "wbemcli is missing (Debian: sblim-wbemcli)"
        pytest.skip("wbemcli is not installed")
    handle = cimsim.fault(operation="EnumerateInstanceNames", times=1, **fault)
    command = [program, "ein", f"{cimsim.url}/root/interop:{CLASS}"]
    first, second = (subprocess.run(command, capture_output=True, timeout=20, check=False) for _ in range(2))
    assert handle.hits == 1
    assert b"CIM_ObjectManager" not in first.stdout
    assert b"CIM_ObjectManager" in second.stdout


@pytest.fixture
def other(cimsim: SimulatedCimom) -> Iterator[WBEMConnection]:
    with cimsim.connect("root/interop") as connection:
        yield connection


def test_a_wrong_rule_changes_nothing(cimsim: SimulatedCimom, other: WBEMConnection) -> None:
    for words in ({"operation": "EnumerateInstanceName", "error": 1}, {"http": 200}, {"delay": "soon"}, {"nothing": 1}):
        with pytest.raises(RuleError):
            cimsim.fault(**words)
    assert cimsim.faults == ()
    assert other.EnumerateInstanceNames(CLASS)


def test_a_removed_rule_acts_no_more(cimsim: SimulatedCimom, other: WBEMConnection) -> None:
    handle = cimsim.fault(operation="EnumerateInstanceNames", error=1)
    with pytest.raises(CIMError):
        other.EnumerateInstanceNames(CLASS)
    handle.remove()
    assert other.EnumerateInstanceNames(CLASS)
    assert (handle.hits, handle.matched) == (1, 1)
    assert [entry.rule for entry in cimsim.exchanges()] == [1, None]
